"""Finding what is not declared: one look at the whole line."""
