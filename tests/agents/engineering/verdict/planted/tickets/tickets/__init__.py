"""A small ticket desk."""
