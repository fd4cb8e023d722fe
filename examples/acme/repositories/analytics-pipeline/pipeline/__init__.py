"""Account figures from events."""
