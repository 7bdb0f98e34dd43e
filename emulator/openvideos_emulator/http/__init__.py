"""How requests come in and answers go out: what takes, checks and refuses them."""
