"""`python -m openvideos_emulator`: the same as `openvideos emulator`."""

from openvideos_emulator.command import app

app(prog_name="openvideos emulator")
