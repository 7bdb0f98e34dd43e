"""Which process on which host is at work, and whether it still is."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path


def host_name() -> str:
    """Return the name of this host."""
    return platform.node()


def process_space() -> str:
    """Return a name for where process ids mean the same: the host, and on Linux the container."""
    parts = [host_name()]
    if sys.platform == "linux":
        try:
            parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip())
            parts.append(str(Path("/proc/self/ns/pid").readlink()))
        except OSError:
            parts.append(f"unknown to {os.getpid()}")  # alike for no two: leases decide
    return " ".join(parts)


def is_dead(host: str, process: int) -> bool:
    """Tell whether a process is known to be no more; of another host's nothing is known."""
    if sys.platform == "win32" or host != process_space():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
