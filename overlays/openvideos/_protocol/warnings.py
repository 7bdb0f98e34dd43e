"""Warnings that point to the user's own line."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

_HERE = f"{Path(__file__).parent}{os.sep}"


def warn(message: str, category: type[Warning]) -> None:
    """Warn of something at the line outside this package that led to it."""
    level, frame = 1, sys._getframe()  # noqa: SLF001 - its documented use; inspect loads a lot
    while frame.f_back and frame.f_code.co_filename.startswith(_HERE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
