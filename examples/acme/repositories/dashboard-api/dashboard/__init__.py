"""Account figures."""
