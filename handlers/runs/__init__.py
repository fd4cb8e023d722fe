"""Runs as people meet them: the card of one, and its buttons."""
