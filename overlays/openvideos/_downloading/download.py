"""`videos.download`: write what a job made to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from .._flows.flows import Flow
    from .._http.requests import HasContext
    from .._protocol.operations import Variant
    from .arrivals import Progress


def download(  # noqa: D417 - the first argument becomes self
    resource: HasContext,
    video_id: str,
    path: str | os.PathLike[str],
    *,
    variant: Variant | None = None,
    on_progress: Progress | None = None,
    overwrite: bool = True,
) -> Flow[Path]:
    """Write what a job made to a file; return its path.

    It is written as it comes, to `<name>.part` beside the target, and gets its name when it is
    whole: a file that stood there before stays until then. Memory use does not grow with its size.
    What breaks off is carried on from where the server can tell that its file is still the same;
    so is what a process that was killed left behind.

    Args:
        video_id: The id that creating it gave.
        path: The file to write, whose folder must exist; or a folder, in which the file gets the
            id as its name, and the ending of what arrives.
        variant: `video` (the default), `thumbnail` or `spritesheet`.
        on_progress: Called as the file comes, with how many bytes of it are here and how many
            there are, None where the server does not say. The first goes back where the download
            has to start again. May be a coroutine function at an async client.
        overwrite: Whether a file that stands there already is replaced.

    Raises:
        InvalidInput: The path cannot be written to.
        TargetExists: A file stands there already, and is not to be replaced.
        VideoNotReady: The job is not finished.
        VideoFailed: The job failed; likewise the errors for cancelled, expired and deleted ones.
        VariantUnsupported: The server makes no such thumbnail or spritesheet.
        DownloadError: The file did not arrive whole, or something else did.
        APIError: The request did not succeed.
    """
    from .downloads import downloaded  # who never downloads need not load it

    return downloaded(
        resource,
        video_id,
        path,
        variant=variant,
        on_progress=on_progress,
        overwrite=overwrite,
        seen=None,
    )
