"""Writes `generated/openvideos_api` from the contract: `make generate`.

The contract, relaxed by `tolerant.overlay.yaml`, goes through openapi-python-client with the
configuration and the templates beside this file. `--check` writes nothing and fails where the
tree differs from what would be written.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

import openvideos_spec

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TARGET = ROOT / "generated" / "openvideos_api"
HEADER = "# Generated from openapi.yaml; do not edit: change the contract and run `make generate`."


def generate(target: Path) -> None:
    """Generate the package into `target`, a folder that does not exist yet.

    Raises:
        SystemExit: The generator failed or warned; its words are on standard error.
    """
    tolerant = yaml.safe_load((HERE / "tolerant.overlay.yaml").read_text(encoding="utf-8"))
    document = openvideos_spec.apply_overlay(openvideos_spec.load(), tolerant)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "openapi.json"
        source.write_text(json.dumps(document), encoding="utf-8")
        _run_generator(source, target)
    for file in target.rglob("*.py"):
        file.write_text(f"{HEADER}\n\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    (target / "py.typed").touch()


def differences(left: Path, right: Path) -> list[str]:
    """Return the relative paths of the files that differ between two trees, sorted."""

    def files(tree: Path) -> set[str]:
        return {
            path.relative_to(tree).as_posix()
            for path in tree.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    one_sided = files(left) ^ files(right)
    common = sorted(files(left) & files(right))
    _, changed, unreadable = filecmp.cmpfiles(left, right, common, shallow=False)
    return sorted({*one_sided, *changed, *unreadable})


def main() -> int:
    """Write the package, or with `--check` compare it; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / TARGET.name
        generate(fresh)
        changed = differences(TARGET, fresh)
        if check:
            for path in changed:
                print(f"generated/openvideos_api/{path} is not what `make generate` writes")
            return 1 if changed else 0
        shutil.rmtree(TARGET, ignore_errors=True)
        shutil.copytree(fresh, TARGET)
    print(f"generated/openvideos_api: {len(changed)} files changed")
    return 0


def _run_generator(source: Path, target: Path) -> None:
    # The generator and its hooks are looked up beside this interpreter, never elsewhere.
    scripts = Path(sys.executable).parent
    command = [
        str(scripts / "openapi-python-client"),
        "generate",
        f"--path={source}",
        "--meta=none",
        f"--config={HERE / 'config.yaml'}",
        f"--custom-template-path={HERE / 'templates'}",
        f"--output-path={target}",
        "--fail-on-warning",
    ]
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - a fixed command
    if run.returncode != 0:
        raise SystemExit(f"openapi-python-client failed:\n{run.stdout}{run.stderr}")


if __name__ == "__main__":
    raise SystemExit(main())
