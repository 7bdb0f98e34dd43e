"""A run: the preflight, pytest in this process, and what it found."""
