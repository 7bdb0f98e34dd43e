"""Prism, which answers any OpenAPI document with its examples; here the contract's own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

PACKAGE = "@stoplight/prism-cli@5.14.2"
FOLDER = Path("build/prism")


def installed() -> Path | None:
    """Return Prism's command, installed under build/, or None where npm cannot be had."""
    command = FOLDER / "node_modules" / ".bin" / "prism"
    npm = shutil.which("npm")
    if not command.exists() and npm is not None:
        FOLDER.mkdir(parents=True, exist_ok=True)
        install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(FOLDER)]
        subprocess.run([*install, PACKAGE], check=False)
    return command if command.exists() else None
