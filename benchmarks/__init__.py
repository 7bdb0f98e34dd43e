"""Measurements beside peers, in the same run, printed as ratios."""
