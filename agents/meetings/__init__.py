"""Meetings: a time that suits everybody, and the run that books, moves or cancels one."""
