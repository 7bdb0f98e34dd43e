"""Many jobs on one scheduler."""
