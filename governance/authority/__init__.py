"""The authority matrix: one table of who may decide what, and the pure function that rules by it."""
