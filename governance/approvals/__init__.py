"""Approvals: people's votes on exact actions, counted without any input or output."""
