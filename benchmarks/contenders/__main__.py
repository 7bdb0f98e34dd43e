"""Do one measurement of one contender, and print what it cost as JSON.

Unless the measurement says otherwise, all counts, from the start of the interpreter on.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib import import_module

MEMORY_UNIT = 1 << (20 if sys.platform == "darwin" else 10)  # of ru_maxrss, for MiB


def main(contender: str, measurement: str, count: int) -> None:
    """Measure, and print CPU and wall time in seconds, and the largest memory in MiB."""
    started = {"cpu": 0.0, "wall": time.perf_counter()}

    def start() -> None:
        started.update(cpu=time.process_time(), wall=time.perf_counter())

    function = getattr(import_module(f"{__package__}.{contender}"), measurement)
    result = function(count, start)
    if hasattr(result, "__await__"):
        import asyncio  # who measures what is sync does not load it

        result = asyncio.run(result)
    cost = {
        "cpu": time.process_time() - started["cpu"],
        "wall": time.perf_counter() - started["wall"],
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEMORY_UNIT,
    }
    print(json.dumps({**cost, **(result or {})}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
