"""httpx, without its command line. The one module that imports it.

httpx imports the command line that it brings along wherever that can run, and with it rich, click
and pygments: nearly half of what its import costs. For the time of this import it is as if they
were not installed. Whoever imported httpx before has it already, as it is.
"""

import sys

_COMMAND_LINE = "httpx._main"

_is_first = "httpx" not in sys.modules
if _is_first:
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment] # how Python is told: not there

import httpx  # noqa: E402 - what stands above must come first

if _is_first:
    del sys.modules[_COMMAND_LINE]

__all__ = ["httpx"]
