"""Where things are: what a question is about, and the cards that answer it."""
