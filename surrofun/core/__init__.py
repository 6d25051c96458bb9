"""What the rest stands on; of it, users call `shape`, `combinator` and `around`."""
