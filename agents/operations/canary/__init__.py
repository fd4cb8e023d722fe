"""Canaries: a release watched beside the stable version, step by step, as a run."""
