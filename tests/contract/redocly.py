"""Lints the contract with redocly where Node is present, and says so where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TOOLS = ROOT / "build" / "redocly"
REDOCLY = "@redocly/cli@2.77.0"


def main() -> int:
    """Install redocly under build/ and lint; return the exit code."""
    npm = shutil.which("npm")
    if npm is None:
        print("redocly did not run: there is no Node on this machine (npm is not on the PATH)")
        return 0
    command = TOOLS / "node_modules" / ".bin" / "redocly"
    if not command.exists():
        TOOLS.mkdir(parents=True, exist_ok=True)
        install: list[str | Path] = [npm, "install", "--silent", "--no-audit", "--no-fund"]
        install += ["--prefix", TOOLS, REDOCLY]
        installed = subprocess.run(install, capture_output=True, text=True, check=False)
        if installed.returncode != 0:
            print(f"redocly did not run: npm could not install {REDOCLY}\n{installed.stderr}")
            return 0
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "1"}
    lint: list[str | Path] = [command, "lint", "openapi.yaml", "--config", HERE / "redocly.yaml"]
    result = subprocess.run(
        lint, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        print(f"{result.stdout}{result.stderr}")
    else:
        print("redocly: openapi.yaml is valid")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
