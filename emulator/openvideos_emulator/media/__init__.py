"""The videos themselves, each a function of its scene: the same scene, the same bytes."""
