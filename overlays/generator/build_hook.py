"""Refuses to build a package from a checkout whose symbolic link to the contract is a text file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ContractIsThere(BuildHookInterface[Any]):
    """Called by hatchling before a wheel or an sdist is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Stop where `overlays/openvideos_spec/openapi.yaml` holds a path, not the contract."""
        link = Path(self.root, "overlays", "openvideos_spec", "openapi.yaml")
        if not link.read_text(encoding="utf-8").startswith("openapi:"):
            raise SystemExit(
                f"{link.relative_to(self.root)} holds no contract: this checkout has no symbolic "
                "links. Run `git config core.symlinks true` and check the file out again."
            )
