"""The emulator as processes: the server, its workers, and how other programs run it."""
