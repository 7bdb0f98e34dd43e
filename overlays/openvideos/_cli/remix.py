"""`openvideos remix`."""

from typing import Any

from openvideos import Job, OpenVideos, Video

from .command_apps import command_app
from .completion import JobId
from .creating import Request
from .making import Making
from .options import (
    CostOptions,
    FieldOptions,
    FileOptions,
    InterruptOptions,
    ServerOptions,
    WaitOptions,
)
from .output import Output
from .sources import Prompt, prompt_text


def remix(
    video_id: JobId,
    prompt: Prompt,
    cost: CostOptions,
    wait: WaitOptions,
    interrupt: InterruptOptions,
    file: FileOptions,
    more: FieldOptions,
    server: ServerOptions,
    output: Output,
) -> None:
    """Make a finished video anew with another prompt: start the job, wait for it, save it."""

    def request() -> Request:
        text = prompt_text(prompt)

        def send(client: OpenVideos, more: dict[str, Any]) -> tuple[Job, Video | None]:
            video = client.videos.remix(video_id, prompt=text, extra_body=more)
            return client.videos.job(video.id), video

        return Request("remix", {"prompt": text, "video": video_id}, send, source=video_id)

    Making(cost, wait, interrupt, file, more, server, output).make("remix", request)


app = command_app(remix)
