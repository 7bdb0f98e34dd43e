"""What types the client promises is checked, in a file that is never run."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMISES = Path(__file__).with_name("typing_of_the_client.py")


def test_the_types_of_the_client_are_checked_with_everything_else() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert settings["strict"] is True
    assert any((ROOT / folder) in PROMISES.parents for folder in settings["files"])
    assert PROMISES.read_text(encoding="utf-8").count("assert_type(") > 80


def test_users_get_the_types_with_the_package() -> None:
    import openvideos

    assert Path(openvideos.__file__).with_name("py.typed").is_file()
