"""`openvideos create`."""

from typing import Annotated, Any

import typer

from openvideos import Job, OpenVideos, Video

from .command_apps import command_app
from .creating import Request
from .making import Making
from .options import (
    CostOptions,
    FieldOptions,
    FileOptions,
    InterruptOptions,
    ServerOptions,
    WaitOptions,
    without_nones,
)
from .output import Output
from .sources import Model, Prompt, image_source, prompt_text


def create(
    prompt: Prompt,
    cost: CostOptions,
    wait: WaitOptions,
    interrupt: InterruptOptions,
    file: FileOptions,
    more: FieldOptions,
    server: ServerOptions,
    output: Output,
    *,
    model: Model = None,
    seconds: Annotated[
        str | None, typer.Option(help="The length; left out, the server's default.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH",
            help="Width by height in pixels, such as 720x1280; left out, the server's default.",
        ),
    ] = None,
    input_reference: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|URL", help="An image to start from, of the size that the video has."
        ),
    ] = None,
    character: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A character that appears; can be repeated."),
    ] = None,
) -> None:
    """Make a video: start the job, wait for it, save it.

    The job's id is on stderr, and in the journal of `openvideos jobs`, before the wait begins.
    Ctrl-C stops the waiting, and the job runs on.
    """

    def request() -> Request:
        fields = without_nones(
            {
                "prompt": prompt_text(prompt),
                "model": model,
                "seconds": seconds,
                "size": size,
                "input_reference": image_source(input_reference),
                "characters": [{"id": id_} for id_ in character or ()],
            }
        )

        def send(client: OpenVideos, more: dict[str, Any]) -> tuple[Job, Video | None]:
            job = client.videos.submit(**fields, extra_body=more)
            return job, job.video

        return Request("create", fields, send)

    Making(cost, wait, interrupt, file, more, server, output).make("create", request)


app = command_app(create)
