"""Settles the requirements of the contract's present version, when that version is released.

`python contract_tests/freeze_requirements.py` adds them to `judging/frozen.yaml`. From then on the
suite's self-check fails where one is added, taken out, or given another level or profile, until
the contract has a new version.
"""

from __future__ import annotations

import sys
from pathlib import Path

import attrs
import yaml

import openvideos_spec
from openvideos_contract.judging import frozen, requirements

FILE = Path(__file__).parent / "openvideos_contract" / "judging" / "frozen.yaml"
_HEAD = """\
# The requirements of each released version of the contract: id, profile and level. Written by
# `contract_tests/freeze_requirements.py` at a release, and never changed by hand.
"""


def main() -> int:
    """Freeze the present version; return 1 where it is frozen already."""
    version = str(openvideos_spec.load()["info"]["version"])
    releases = frozen.load()
    if version in releases:
        sys.stderr.write(f"contract {version} is frozen already: give the contract a new version\n")
        return 1
    FILE.write_text(text({**releases, version: present()}), "utf-8")
    sys.stdout.write(f"{FILE}: the requirements of contract {version} are frozen\n")
    return 0


def present() -> frozen.Release:
    """Return what is settled of the requirements as they are now."""
    return {number: frozen.Frozen.of(found) for number, found in requirements.load().items()}


def text(releases: dict[str, frozen.Release]) -> str:
    """Return the file that holds `releases`."""
    document = {
        version: {
            number: {name: str(value) for name, value in attrs.asdict(settled).items()}
            for number, settled in release.items()
        }
        for version, release in releases.items()
    }
    return _HEAD + yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=100)


if __name__ == "__main__":
    sys.exit(main())
