"""`make bench`: measures the client and the emulator, each beside its peers.

`python -m benchmarks client`, `emulator` or `media` measures one of them.
"""

from __future__ import annotations

import sys

from . import client, emulator, media

BENCHMARKS = {"client": client.main, "emulator": emulator.main, "media": media.main}


def main(names: list[str]) -> None:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"there is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
