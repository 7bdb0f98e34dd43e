"""What the tests look at: answers, lists, parts, refusals, media."""
