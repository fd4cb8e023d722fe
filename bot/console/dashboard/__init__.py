"""The dashboard: what waits, what is planned, what was done, and what stands above the matrix."""
