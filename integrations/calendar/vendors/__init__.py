"""Vendors of this kind: one file or folder each, found by themselves."""
