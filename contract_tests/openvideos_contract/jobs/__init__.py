"""The jobs of a run: planned, made once, polled to their end, and shared by all tests."""
