"""What the rest stands on and no user calls."""
