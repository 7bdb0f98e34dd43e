"""How behaviour is written once for the sync and the async client."""
