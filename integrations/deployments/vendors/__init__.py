"""Platforms that run services."""
