"""What get, wait, download and delete share: jobs that are named, and one thing done to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from openvideos import InvalidInput, OpenVideosError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openvideos import OpenVideos

    from .journal import Journal
    from .outcomes import Outcome, Report

Last = Annotated[
    bool,
    typer.Option("--last", help="The job that was created here last, at this server."),
]


def named_ids(
    ids: Iterable[str] | None, *, last: bool, journal: Journal, client: OpenVideos
) -> list[str]:
    """Return the ids of the jobs that are meant, each once.

    Raises:
        InvalidInput: None is named, or the journal does not have the last one.
    """
    named = list(dict.fromkeys(ids or ()))
    if last:
        entry = journal.newest(client.base_url)
        if entry is None or entry.id is None:
            raise InvalidInput(
                f"--last: the journal has no job of {client.base_url}; `openvideos jobs` shows "
                "what it has, and `openvideos list` what the server has"
            )
        named = list(dict.fromkeys([*named, entry.id]))
    if not named:
        raise InvalidInput("no job is named: give its ID, or --last for the one created last")
    return named


def for_each(report: Report, ids: Iterable[str], do: Callable[[Outcome], None]) -> None:
    """Do something to each job; what fails does not keep the others from it."""
    for outcome in [report.of(id_) for id_ in ids]:
        try:
            do(outcome)
        except OpenVideosError as error:
            report.failed(outcome, error)
