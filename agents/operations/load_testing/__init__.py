"""Load tests: a service in staging under load, watched and judged, as a run."""
