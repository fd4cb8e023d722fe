"""Understanding what people say: which name of the catalogue a message means, or none."""
