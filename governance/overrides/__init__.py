"""Overrides and windows: what people may stop, force, reverse and schedule, whatever the matrix says."""
