"""How teams deliver: what they get done in a sprint, what they will, and what puts a feature's date at risk."""
