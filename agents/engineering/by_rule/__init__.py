"""Works that a rule does, without a model: which they are, and one file for each."""
