"""Capacity: what a peak takes of a service, and what is reserved for it."""
