"""How requests are carried, and sent again where that is safe."""
