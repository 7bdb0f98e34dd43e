"""The wheel and the sdist: complete, and working in an environment of their own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SMOKE = Path(__file__).parent / "smoke.py"

pytestmark = [pytest.mark.xdist_group("packaging"), pytest.mark.timeout(240)]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        str(target),
        str(source),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("dist")
    built = build(ROOT, target)
    assert built.returncode == 0, built.stderr
    return target


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (wheel,) = distributions.glob("*.whl")
    return wheel


def test_the_wheel_brings_the_contract_the_dialects_and_the_typing_marks(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        contract = archive.read("openvideos_spec/openapi.yaml")
    assert contract == (ROOT / "openapi.yaml").read_bytes()
    assert "openvideos_spec/dialects/openai.overlay.yaml" in names
    for package in ("openvideos", "openvideos_api", "openvideos_spec"):
        assert f"{package}/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


def test_the_sdist_can_be_built_again(distributions: Path, tmp_path: Path) -> None:
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert build(source, tmp_path / "again").returncode == 0


def test_a_build_without_symbolic_links_says_so(tmp_path: Path) -> None:
    source = tmp_path / "checkout"
    shutil.copytree(
        ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "build", ".*_cache")
    )
    link = source / "overlays/openvideos_spec/openapi.yaml"
    link.unlink()
    link.write_text("../../openapi.yaml", encoding="utf-8")
    refused = build(source, tmp_path / "dist")
    assert refused.returncode != 0
    assert "git config core.symlinks true" in refused.stdout + refused.stderr


@pytest.mark.parametrize("extras", ["bare", "all"])
def test_the_installed_wheel_works_in_a_clean_environment(
    wheel: Path, tmp_path: Path, extras: str
) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    requirement = f"{wheel}[all]" if extras == "all" else str(wheel)
    pins = ROOT / "constraints.txt"
    install = ("install", "--quiet", "--no-compile", "--constraint", pins, requirement)
    run(sys.executable, "-m", "pip", "--python", python, *install)
    where = run(python, SMOKE, extras, cwd=tmp_path)
    assert str(home) in where, "the smoke test ran against the checkout, not the wheel"
