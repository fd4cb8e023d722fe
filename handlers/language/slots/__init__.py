"""Slots: what a message says a request is about. Pure functions of the text, the time and what exists."""
