"""`python -m openvideos_emulator`: the same as `openvideos emulator`."""

import sys

try:
    from openvideos_emulator.command import app

    app(prog_name="openvideos emulator")
except ModuleNotFoundError as error:
    if (error.name or "").startswith("openvideos"):
        raise
    sys.exit(f"openvideos emulator needs {error.name}: run pip install 'openvideos[emulator]'")
