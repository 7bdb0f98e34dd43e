"""What people write for a video, an image or a prompt, as the client takes it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from openvideos import InvalidInput

_VIDEO_ENDINGS = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi"})
_ADDRESSES = ("http://", "https://", "data:")

Prompt = Annotated[
    str,
    typer.Argument(metavar="PROMPT", help="What to show; `-` reads it from standard input."),
]
SourceVideo = Annotated[
    str,
    typer.Option(
        metavar="ID|FILE",
        help="The video: a file, if there is one of this name or it is written as one (with a "
        "folder before it, or an ending such as .mp4); else the id of a finished job.",
    ),
]
Model = Annotated[str | None, typer.Option(help="The model; left out, the server's default.")]


def prompt_text(prompt: str) -> str:
    """Return a prompt, from standard input where it is `-`.

    Raises:
        InvalidInput: There is no standard input, or it is no text.
    """
    if prompt != "-":
        return prompt
    if sys.stdin is None:
        raise InvalidInput("`-` reads the prompt from standard input, which is closed")
    try:
        return sys.stdin.read().strip()
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"`-` reads the prompt from standard input, which is no text: {error}"
        ) from None


def image_source(text: str | None) -> Any:
    """Return an image as the client takes it: an address as it is, anything else as a file.

    Raises:
        InvalidInput: There is no such file.
    """
    if text is None or text.startswith(_ADDRESSES):
        return text
    return _file(text, "--input-reference")


def video_source(text: str) -> str | Path:
    """Return a video as the client takes it: the path of a file, or the id of a job.

    Raises:
        InvalidInput: It is written as a file, and there is none.
    """
    path = Path(text).expanduser()
    is_written_as_file = (
        text.startswith(("./", "../", "/", "~", ".\\", "..\\"))
        or path.suffix.lower() in _VIDEO_ENDINGS
    )
    return _file(text, "--video") if is_written_as_file or path.is_file() else text


def _file(text: str, option: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise InvalidInput(f"{option} {text}: there is no such file")
    return path
