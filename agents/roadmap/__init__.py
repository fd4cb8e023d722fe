"""Roadmaps: what of the backlog fits into a time to come, with what chance, and how that stands later."""
