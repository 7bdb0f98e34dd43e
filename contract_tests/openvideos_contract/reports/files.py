"""Writes the reports of a run, each file whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from openvideos_contract.reports import badge, har, html_report, json_report, junit, summary
from openvideos_contract.reports.report import Report
from openvideos_contract.settings.configuration import ConfigurationError

FORMS: Mapping[str, Callable[[Report], str]] = {
    "report.json": json_report.text,
    "junit.xml": junit.text,
    "report.html": html_report.text,
    "report.har": har.text,
    "badge.svg": badge.svg,
    "badge.json": badge.endpoint,
    "summary.md": summary.text,
}


class FolderError(ConfigurationError):
    """Reports cannot be written where they should be; the message says where, and why."""


def prepare(folder: Path) -> None:
    """Make the folder for the reports, and go on if they can be written there.

    Raises:
        FolderError: They cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = error.strerror or str(error)
        raise FolderError(
            f"no report can be written to {folder} ({why}): give another --report-dir"
        ) from error
    for name in FORMS:
        if (folder / name).is_dir():
            raise FolderError(
                f"no report can be written to {folder / name}, which is a folder: "
                "give another --report-dir"
            )


def write(report: Report, folder: Path) -> list[Path]:
    """Write every form of a report; return the files, `report.json` first.

    Raises:
        FolderError: A file cannot be written. Each is there whole, or as it was before.
    """
    prepare(folder)
    written = []
    for name, form in FORMS.items():
        path = folder / name
        try:
            _write(path, form(report))
        except OSError as error:
            why = error.strerror or str(error)
            raise FolderError(f"the report {path} could not be written: {why}") from error
        written.append(path)
    return written


def _write(path: Path, text: str) -> None:
    # What no file in UTF-8 can hold is written out, which JSON takes for the same.
    data = text.encode("utf-8", "backslashreplace")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as file:
            file.write(data)
        beside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
