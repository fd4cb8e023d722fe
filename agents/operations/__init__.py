"""The thinking of operations: which service caused an incident, and how sure that is."""
