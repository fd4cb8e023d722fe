"""The beginning of a department of one's own: what is asked, and the files that are made of the answers."""
