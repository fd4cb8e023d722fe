"""Stories for the backlog, one at a time: what was said, read as a story; what was there already."""
