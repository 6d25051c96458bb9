"""The command line, its drawings in characters, and the demo."""
