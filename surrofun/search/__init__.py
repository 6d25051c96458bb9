"""Finding what is not declared: one look at the whole line, its integral, and what both are differentiated by."""
