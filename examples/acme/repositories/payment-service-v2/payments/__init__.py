"""Payments and what became of them."""
