"""What the emulator is measured beside."""
