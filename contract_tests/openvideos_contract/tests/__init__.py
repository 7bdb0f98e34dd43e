"""The tests: each names the requirements that it proves."""
