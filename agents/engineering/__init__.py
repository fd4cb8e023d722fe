"""How engineers work: a story in a repository, from its base to a verdict, step by step."""
