"""`openvideos extend`."""

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
from .sources import Model, Prompt, SourceVideo, prompt_text, video_source


def extend(
    prompt: Prompt,
    video: SourceVideo,
    seconds: Annotated[str, typer.Option(help="By how many seconds.")],
    cost: CostOptions,
    wait: WaitOptions,
    interrupt: InterruptOptions,
    file: FileOptions,
    more: FieldOptions,
    server: ServerOptions,
    output: Output,
    *,
    model: Model = None,
) -> None:
    """Continue a video: start the job, wait for it, save the whole."""

    def request() -> Request:
        source = video_source(video)
        fields = without_nones(
            {
                "prompt": prompt_text(prompt),
                "video": source,
                "seconds": seconds,
                "model": model,
            }
        )

        def send(client: OpenVideos, more: dict[str, Any]) -> tuple[Job, Video | None]:
            made = client.videos.extend(**fields, extra_body=more)
            return client.videos.job(made.id), made

        id_ = source if isinstance(source, str) else None
        return Request("extend", fields, send, source=id_)

    Making(cost, wait, interrupt, file, more, server, output).make("extend", request)


app = command_app(extend)
