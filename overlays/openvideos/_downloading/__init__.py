"""Bring what a job made onto the disk."""
