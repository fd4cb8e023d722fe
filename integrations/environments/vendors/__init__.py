"""Where environments are made."""
