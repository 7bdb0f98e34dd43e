"""From what people have at hand to what a request carries: files, addresses, ids."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast

from attrs import frozen

from openvideos_api.types import File

from .._errors import InvalidInput
from .media_types import ENOUGH, file_ending, media_type, media_type_of_name, picture_size
from .models import Video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._waiting.jobs import JobHandle

FileContent: TypeAlias = IO[bytes] | bytes | bytearray | memoryview | os.PathLike[str]
FileInput: TypeAlias = (
    FileContent
    | tuple[str | None, FileContent]
    | tuple[str | None, FileContent, str | None]
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
ImageInput: TypeAlias = FileInput | str | Mapping[str, str]
VideoInput: TypeAlias = "FileInput | str | Mapping[str, str] | Video | JobHandle"

_PIECE = 1024 * 1024  # bytes that are read at a time of what can be read only once
_MOST_IN_MEMORY = 8 * 1024 * 1024  # bytes of it that are kept in memory

_IMAGE_FORMS = (
    "a pathlib.Path, bytes, a binary file object, a tuple (name, content, MIME type), a URL, "
    'a data: URL, {"image_url": …} or {"file_id": …}'
)
_VIDEO_FORMS = (
    'a job\'s id, a Video, a Job or {"id": …}; for an upload a pathlib.Path, bytes, a binary file '
    "object or a tuple (name, content, MIME type)"
)


@frozen
class Upload:
    """A file to send.

    Attributes:
        file: Its content with a name and a MIME type, as the generated layer takes it.
        start: Its first bytes.
        opened: Whether it was opened here, and is to be closed after sending.
    """

    file: File
    start: bytes
    opened: bool

    @property
    def to_close(self) -> tuple[BinaryIO, ...]:
        """What is to be closed after sending."""
        return (self.file.payload,) if self.opened else ()


def image_input(value: ImageInput, *, size: str | None) -> Upload | dict[str, str]:
    """Return a reference image as an upload, or as an object with `image_url` or `file_id`.

    Args:
        value: The image, in any of its forms.
        size: The size that the video shall have, as `WxH`; None where it is the server's.

    Raises:
        InvalidInput: It is none of the forms, or a picture of another size.
    """
    if isinstance(value, Mapping):
        if value.keys() not in ({"image_url"}, {"file_id"}):
            raise InvalidInput(
                "input_reference as an object has either image_url or file_id, but this has "
                f"{sorted(map(str, value)) or 'neither'}"
            )
        arm = {
            key: checked_text(given, f"input_reference[{key!r}]") for key, given in value.items()
        }
        _check_size(_start_of_data_url(arm.get("image_url", "")), size)
        return arm
    if isinstance(value, str):
        if value.startswith(("http://", "https://", "data:")):
            _check_size(_start_of_data_url(value), size)
            return {"image_url": checked_text(value, "input_reference")}
        raise InvalidInput(
            f"input_reference is the text {value[:80]!r}, which is no URL. "
            f"For a file give pathlib.Path(…), for an uploaded file its {{'file_id': …}}"
        )
    upload = _upload(value, "input_reference", _IMAGE_FORMS)
    try:
        _check_size(upload.start, size)
    except InvalidInput:
        for file in upload.to_close:
            file.close()
        raise
    return upload


def _check_size(start: bytes, size: str | None) -> None:
    found = picture_size(start)
    if size and found and size != f"{found[0]}x{found[1]}":
        raise InvalidInput(
            f"input_reference is a picture of {found[0]}x{found[1]}, but size is {size}: the two "
            "must be the same. Scale the picture, or ask for its size"
        )


def _start_of_data_url(url: str) -> bytes:
    """Return the first bytes of what a `data:` URL holds; none where they cannot be read."""
    label, comma, data = url.partition(",")
    if not (comma and label.startswith("data:") and label.endswith(";base64")):
        return b""
    try:
        return base64.b64decode(data[: ENOUGH // 3 * 4])
    except ValueError:
        return b""


def video_input(value: VideoInput) -> Upload | str:
    """Return a source video as an upload, or as the id of a job. A string is always an id.

    Raises:
        InvalidInput: It is none of the forms.
    """
    match value:
        case str():
            return checked_id(value, "video")
        case Video(id=str(id_)) | {"id": str(id_)}:
            return checked_id(id_, "video")
        case Mapping():
            raise InvalidInput(
                f'video as an object is {{"id": …}}, but has {sorted(map(str, value))}'
            )
    id_of_job = getattr(value, "id", None)
    if isinstance(id_of_job, str):
        return checked_id(id_of_job, "video")
    return _upload(value, "video", _VIDEO_FORMS)


def file_input(value: FileInput, field: str) -> Upload:
    """Return a file as an upload.

    Raises:
        InvalidInput: It is none of the forms of a file.
    """
    forms = "a pathlib.Path, bytes, a binary file object or a tuple (name, content, MIME type)"
    return _upload(value, field, forms)


def checked_text(value: object, field: str) -> str:
    """Return text that can be sent; of a member of an enumeration of texts, its value.

    Raises:
        InvalidInput: It is no text, or holds half of a character.
    """
    if not isinstance(value, str):
        raise InvalidInput(f"{field} must be text, but is of the type {type(value).__name__}")
    text = str.__str__(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"{field} holds half of a character (a lone surrogate) at {error.start}, which cannot "
            "be sent: was it decoded or cut in the wrong way?"
        ) from None
    return text


def checked_id(value: object, field: str) -> str:
    """Return an id that can stand in a path.

    Raises:
        InvalidInput: It is empty, or would lead to another path.
    """
    if not isinstance(value, str) or value.strip(" ") in {"", ".", ".."}:
        raise InvalidInput(f"{field} is {value!r}; it must be the id that the server gave")
    return checked_text(value, field)


def _upload(value: Any, field: str, forms: str) -> Upload:
    name: str | None = None
    kind: str | None = None
    content = value
    if isinstance(value, tuple):
        if not 2 <= len(value) <= 4:
            raise InvalidInput(f"{field} is a tuple of {len(value)}; give {forms}")
        name, content = value[0], value[1]
        kind = value[2] if len(value) > 2 else None
        _check_labels(name, kind, field, forms)
    try:
        payload, opened = _opened(content, field, forms)
        start = payload.read(ENOUGH)
        payload.seek(0)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{field} cannot be read: {error}") from error
    # A name may hold bytes that are no text, as the system keeps them.
    name = (name or _name_of(content) or "").encode(errors="replace").decode()
    kind = kind or media_type(start) or (name and media_type_of_name(name))
    kind = kind or "application/octet-stream"
    return Upload(File(payload, name or f"{field}{file_ending(kind)}", kind), start, opened)


def _opened(content: Any, field: str, forms: str) -> tuple[BinaryIO, bool]:
    if isinstance(content, bytes | bytearray | memoryview):
        return io.BytesIO(content), True
    if isinstance(content, os.PathLike):
        return _opened_path(Path(content), field)
    if not hasattr(content, "read"):
        raise InvalidInput(f"{field} is of the type {type(content).__name__}; give {forms}")
    if isinstance(content, io.TextIOBase):
        raise _as_text(field)
    if _is_plain_file(content):
        content.seek(0)
        return cast("BinaryIO", content), False
    # Anything else is read once, so that it can be sent again, and its length is known: what such
    # an object says of its length may be that of a file below it.
    if hasattr(content, "seek") and content.seekable():
        content.seek(0)
    return _spooled(content, field), True


def _spooled(content: Any, field: str) -> BinaryIO:
    """Return a copy of what is read, in memory up to a limit, beyond it in a nameless file."""
    copy: BinaryIO = io.BytesIO()
    try:
        for piece in _pieces(content, field):
            if isinstance(copy, io.BytesIO) and copy.tell() + len(piece) > _MOST_IN_MEMORY:
                copy = _in_a_file(copy.getvalue())
            copy.write(piece)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def _pieces(content: Any, field: str) -> Iterator[bytes]:
    while piece := content.read(_PIECE):
        if not isinstance(piece, bytes):
            raise _as_text(field)
        yield piece


def _in_a_file(start: bytes) -> BinaryIO:
    import tempfile  # who uploads nothing large need not load it

    file = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when it is sent
    file.write(start)
    return cast("BinaryIO", file)


def _as_text(field: str) -> InvalidInput:
    return InvalidInput(f"{field} was opened as text; open it in binary mode, 'rb'")


def _opened_path(path: Path, field: str) -> tuple[BinaryIO, bool]:
    if path.exists() and not path.is_file():
        raise InvalidInput(f"{field} cannot be read: {path} is no file")
    return path.open("rb"), True


def _check_labels(name: object, kind: object, field: str, forms: str) -> None:
    if not isinstance(name, str | None) or not isinstance(kind, str | None):
        raise InvalidInput(f"{field} has a name or a MIME type that is no text; give {forms}")
    if kind and not (kind.isascii() and kind.isprintable()):
        raise InvalidInput(f"{field} has the MIME type {kind!r}; give one such as 'image/png'")


def _is_plain_file(content: Any) -> bool:
    if isinstance(content, io.BufferedReader | io.BufferedRandom):
        return isinstance(content.raw, io.FileIO) and content.seekable()
    return isinstance(content, io.BytesIO)


def _name_of(content: Any) -> str | None:
    path = content if isinstance(content, os.PathLike) else getattr(content, "name", None)
    if not isinstance(path, str | os.PathLike):
        return None
    return Path(path).name or None
