"""The official Node SDK in its documented use, with nothing but the base URL and key changed."""

import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from openvideos_emulator import Emulator

_VERSION = "7.57.0"
_SCRIPT = Path(__file__).with_name("official_sdk.mjs")
_INSTALLED = Path(__file__).parents[2] / "build" / f"openai-node-{_VERSION}"
_SECONDS_TO_INSTALL = 90


@functools.cache
def installed_sdk() -> Path:
    """Return a folder with the SDK, which is installed once; skip where that cannot be done."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed, so the official Node SDK cannot be run")
    if not _INSTALLED.exists():
        _INSTALLED.parent.mkdir(exist_ok=True)
        # It is there whole or not at all, whoever else installs it at the same time.
        with tempfile.TemporaryDirectory(dir=_INSTALLED.parent, prefix="openai-node-") as part:
            install = [npm, "install", "--prefix", part, "--ignore-scripts", "--no-audit"]
            try:
                subprocess.run(
                    [*install, "--no-fund", "--save-exact", f"openai@{_VERSION}"],
                    check=True,
                    capture_output=True,
                    text=True,
                    timeout=_SECONDS_TO_INSTALL,
                )
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                said = [line for line in str(error.stderr).splitlines() if "error" in line]
                reason = "; ".join(said[:2]) or str(error)
                pytest.skip(f"npm could not install the official Node SDK: {reason}")
            whole = Path(part) / "whole"
            whole.mkdir()
            (Path(part) / "node_modules").rename(whole / "node_modules")
            if not _INSTALLED.exists():
                whole.rename(_INSTALLED)
    return _INSTALLED


def test_the_node_sdk_works_as_documented(
    watched: Emulator,
    key: str,
    picture: Callable[..., bytes],
    uploaded_video: bytes,
    tmp_path: Path,
) -> None:
    # Node looks for packages from the script's own folder upwards.
    (tmp_path / "node_modules").symlink_to(installed_sdk() / "node_modules")
    script = shutil.copy(_SCRIPT, tmp_path)
    for each in (key, f"{key}-list", f"{key}-webhooks"):
        watched.world(each).set_progress("immediate")
    reference, clip = tmp_path / "reference.png", tmp_path / "clip.mp4"
    reference.write_bytes(picture(720, 1280))
    clip.write_bytes(uploaded_video)
    result = subprocess.run(
        ["node", "--test", "--test-reporter=tap", script],
        env={
            **os.environ,
            **watched.environment,
            **watched.world(key).environment,
            "REFERENCE_PICTURE": str(reference),
            "UPLOADED_VIDEO": str(clip),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "# pass 6" in result.stdout, result.stdout
