"""`openvideos list`."""

from itertools import islice
from typing import Annotated, Literal

import typer

from .command_apps import command_app
from .options import ServerOptions
from .outcomes import Outcome, reporting
from .output import Output
from .tables import print_table, when

_LARGEST_PAGE = 100


def list_(
    server: ServerOptions,
    output: Output,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many videos at most.")] = 20,
    all_: Annotated[bool, typer.Option("--all", help="All of them, however many.")] = False,
    order: Annotated[
        Literal["asc", "desc"],
        typer.Option(help="`desc` for the newest first, `asc` for the oldest."),
    ] = "desc",
) -> None:
    """List the videos that the server has: on a terminal as a table, else separated by tabs."""
    with reporting("list", output, lists=True) as report, server.client() as client:
        size = _LARGEST_PAGE if all_ else min(limit, _LARGEST_PAGE)
        page = client.videos.list(limit=size, order=order)
        videos = list(islice(page, None if all_ else limit))
        report.outcomes = [Outcome(video.id, video) for video in videos]
        report.line = lambda _: None
        if output.json:
            return
        if output.quiet:
            report.line = lambda outcome: outcome.id
            return
        print_table(
            output,
            ("id", "status", "progress", "model", "seconds", "size", "created", "prompt"),
            [
                (
                    video.id,
                    video.status,
                    None if video.progress is None else f"{video.progress} %",
                    video.model,
                    video.seconds,
                    video.size,
                    when(video.created_at),
                    video.prompt,
                )
                for video in videos
            ],
        )


app = command_app(list_)
