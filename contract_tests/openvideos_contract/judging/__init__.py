"""From what a test found to a verdict: the numbered requirements, and what they decide."""
