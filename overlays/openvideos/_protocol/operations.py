"""The ten operations, each as a function from its arguments to the call that it makes.

Names and keywords are the official SDK's. `_videos.py` makes the sync and async methods of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from attrs import evolve

from openvideos_api import models
from openvideos_api.api import videos as endpoints
from openvideos_api.types import UNSET

from .._errors import InvalidInput, ReferenceMayBeDropped
from .._http.calls import NOT_GIVEN, Call, NotGiven, call, given, is_success
from . import decoding
from .files import Upload, checked_id, checked_text, file_input, image_input, video_input
from .status_errors import says_unknown
from .warnings import warn

if TYPE_CHECKING:
    from typing import BinaryIO

    from openvideos_api.models import VideoModel, VideoSeconds, VideoSize

    from .._downloading.content import VideoContent
    from .._http.calls import Omittable
    from .._http.responses import Response
    from .._http.transport import TimeLimit
    from .decoding import ListedVideos
    from .files import FileInput, ImageInput, VideoInput
    from .memory import BodyType
    from .models import Character, Video, VideoDeleted

Variant = Literal["video", "thumbnail", "spritesheet"]

_ASKED_FOR = frozenset({"prompt", "model", "size", "seconds"})
_MAY_BE_DROPPED = (
    "A reference or a character leaves in a form by its address or id, in brackets. Many servers "
    "drop that without a word, and make (and bill) a video without it: compare what comes, give "
    "the reference as a file, or leave body_type out."
)


def create(
    *,
    prompt: str,
    input_reference: Omittable[ImageInput] = None,
    model: Omittable[VideoModel | str] = None,
    seconds: Omittable[VideoSeconds | str | float] = None,
    size: Omittable[VideoSize | str] = None,
    characters: Omittable[Iterable[Mapping[str, str] | Character]] = None,
    idempotency_key: str | None = None,
    body_type: BodyType | None = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[Video]:
    """Start a job that makes a video; return it as it was queued.

    Sent as a form, which most servers take; as JSON where a reference or a character is given by
    address or id, as many servers drop those from a form without a word. A server that proves that
    it cannot read a form is sent JSON, then and from then on, where nothing can be lost by that.

    Args:
        prompt: What the video shall show.
        input_reference: An image to start from: a `pathlib.Path`, bytes, a binary file object (sent
            from its start), a tuple (name, content, MIME type), a URL, a `data:` URL,
            `{"image_url": …}` or `{"file_id": …}`. A picture's size must be `size`.
        model: The model; left out, the server's default.
        seconds: The length in seconds; left out, the server's default.
        size: Width by height in pixels, such as `720x1280`; left out, the server's default.
        characters: Who appears: characters, or objects `{"id": …}`.
        idempotency_key: Text of your own that stands for this one job, sent as `Idempotency-Key`.
            Only for servers that make one job of a create that is sent twice with it: the create is
            then repeated like any other request, also where its answer was lost.
        body_type: `form` or `json`, to have it sent so and not otherwise; left out, as above. A
            form has addresses and ids in brackets, `input_reference[image_url]`.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields, for what a server takes beyond the protocol.
        timeout: How long this request may take, in seconds; left out, the client's own.

    Raises:
        InvalidInput: An argument cannot be sent.
        CreateUncertain: The answer was lost: there may be a job.
        APIError: The request did not succeed.
    """
    fields = _texts(prompt=prompt, model=model, size=size, seconds=_seconds(seconds))
    ids = _character_ids(characters)
    image, wanted = given(input_reference), _body_type(body_type)
    is_file = image is not None and not isinstance(image, str | Mapping)
    kind = wanted or ("form" if is_file or (image is None and not ids) else "json")
    _check_body_type(kind, is_file=is_file, field="input_reference")
    if kind == "form" and (ids or (image is not None and not is_file)):
        warn(_MAY_BE_DROPPED, ReferenceMayBeDropped)
    reference = None if image is None else image_input(image, size=fields.get("size"))
    endpoint = endpoints.create_video.request_arguments

    def as_form() -> dict[str, Any]:
        body = models.CreateVideoForm(**fields, charactersid=ids or UNSET)
        if isinstance(reference, Upload):
            body.input_reference = reference.file
        elif reference:
            body.input_referenceimage_url = reference.get("image_url", UNSET)
            body.input_referencefile_id = reference.get("file_id", UNSET)
        return endpoint(body=body)

    def as_json() -> dict[str, Any]:
        body = models.CreateVideoJson(**fields)
        if isinstance(reference, dict):
            body.input_reference = models.InputReference(**reference)
        if ids:
            body.characters = [models.CharacterReference(id=id_) for id_ in ids]
        return endpoint(body=body)

    return _creating_call(
        as_form() if kind == "form" else as_json(),
        # What a form has in brackets may be dropped, so nothing falls back on that by itself.
        alternative=None if wanted or image is not None or ids else as_json(),
        asks_for=fields,
        uploads=_to_close(reference),
        idempotency_key=idempotency_key,
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def retrieve(
    video_id: str,
    *,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[Video]:
    """Return a job as it is now.

    A failed job is returned, not raised, whatever HTTP status a server gives it. The `id` is the
    one that was asked for; `raw` has the server's, should it differ.

    Args:
        video_id: The id that creating it gave.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long this request may take, in seconds; left out, the client's own.

    Raises:
        NotFoundError: There is no such job.
        APIError: The request did not succeed.
    """
    return call(
        endpoints.retrieve_video.request_arguments(checked_id(video_id, "video_id")),
        partial(decoding.video, known_id=video_id),
        answers=partial(_is_success_or_video, video_id=video_id),
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def list_(
    *,
    after: Omittable[str] = None,
    limit: Omittable[int] = None,
    order: Omittable[Literal["asc", "desc"]] = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[ListedVideos]:
    """Return a page of videos, which iterates over those of all further pages too.

    Args:
        after: The id of the last video of the page before.
        limit: How many videos a page holds at most, 1 to 100; left out, the server's default.
        order: `asc` for the oldest first, `desc` for the newest; left out, the newest.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long each request may take, in seconds; left out, the client's own.

    Raises:
        InvalidInput: `limit` is not from 1 to 100: servers differ in what they make of it.
        UnsupportedByServer: The server has no list.
        APIError: The request did not succeed.
    """
    fields = _texts(after=after, order=order)
    if given(limit) is not None:
        fields["limit"] = _limit(limit)
    return call(
        endpoints.list_videos.request_arguments(**fields),
        decoding.video_list,
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def delete(
    video_id: str,
    *,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[VideoDeleted]:
    """Delete a video and what was made for it, for good.

    At some servers a running job works on, unseen, after it was deleted.

    Args:
        video_id: The id that creating it gave.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long this request may take, in seconds; left out, the client's own.

    Raises:
        ConflictError: The job is still running, at servers that then refuse.
        APIError: The request did not succeed.
    """
    return call(
        endpoints.delete_video.request_arguments(checked_id(video_id, "video_id")),
        partial(decoding.deletion, video_id=video_id),
        answers=_is_success_or_gone,
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def download_content(
    video_id: str,
    *,
    variant: Omittable[Variant] = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[VideoContent]:
    """Return what a job made, in memory. `download` writes it to a file as it comes.

    Args:
        video_id: The id that creating it gave.
        variant: `video` (the default), `thumbnail` or `spritesheet`.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long each piece may take to come, in seconds; left out, the client's own.

    Raises:
        UnexpectedContent: Something else was sent than was asked for.
        APIError: The request did not succeed.
    """
    from .._downloading.content import video_content  # who never downloads need not load it

    chosen: Variant = given(variant) or "video"
    arguments = endpoints.download_video_content.request_arguments(
        checked_id(video_id, "video_id"), variant=UNSET if chosen == "video" else chosen
    )
    # Compressed on the way, a video only grows, and its length would say nothing.
    arguments["headers"] = {**arguments["headers"], "Accept-Encoding": "identity"}
    return call(
        arguments,
        partial(video_content, variant=chosen),
        brings_file=True,
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def remix(
    video_id: str,
    *,
    prompt: str,
    idempotency_key: str | None = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[Video]:
    """Start a job that makes a completed video anew with another prompt; return the new job.

    Args:
        video_id: The id of the completed video.
        prompt: What the new video shall show.
        idempotency_key: As with `create`.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long this request may take, in seconds; left out, the client's own.

    Raises:
        UnsupportedByServer: The server has no remix.
        CreateUncertain: The answer was lost: there may be a job.
        APIError: The request did not succeed.
    """
    fields = _texts(prompt=prompt)
    return _creating_call(
        endpoints.remix_video.request_arguments(
            checked_id(video_id, "video_id"), body=models.RemixVideoJson(**fields)
        ),
        asks_for=fields,
        idempotency_key=idempotency_key,
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def edit(
    *,
    prompt: str,
    video: VideoInput,
    model: Omittable[VideoModel | str] = None,
    idempotency_key: str | None = None,
    body_type: BodyType | None = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[Video]:
    """Start a job that makes a changed version of a video; return the new job.

    Args:
        prompt: What shall be changed.
        video: The video: a job's id, a `Video`, a `Job` or `{"id": …}`; or an upload: a
            `pathlib.Path`, bytes, a binary file object or a tuple (name, content, MIME type). A
            string is always an id.
        model: The model, for an upload; left out, the server's default.
        idempotency_key: As with `create`.
        body_type: `form` or `json`, to have it sent so and not otherwise; left out, a form for an
            upload, and JSON for an id, or a form where the server proves that it reads no JSON.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long this request may take, in seconds; left out, the client's own.

    Raises:
        InvalidInput: An argument cannot be sent.
        UnsupportedByServer: The server has no edits.
        CreateUncertain: The answer was lost: there may be a job.
        APIError: The request did not succeed.
    """
    fields = _texts(prompt=prompt, model=model)
    source, wanted = video_input(video), _body_type(body_type)
    endpoint = endpoints.edit_video.request_arguments
    alternative = None
    if isinstance(source, Upload):
        _check_body_type(wanted, is_file=True, field="video", opened=source)
        arguments = endpoint(body=models.EditVideoForm(**fields, video=source.file))
    else:
        arguments = endpoint(
            body=models.EditVideoJson(**fields, video=models.VideoReference(id=source))
        )
        in_form = endpoint(body=models.EditVideoForm(**fields, videoid=source))
        if wanted == "form":
            arguments = in_form
        elif wanted is None:
            alternative = in_form  # a server that drops its id has no video, and refuses
    return _creating_call(
        arguments,
        alternative=alternative,
        asks_for=fields,
        uploads=_to_close(source),
        idempotency_key=idempotency_key,
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def extend(
    *,
    prompt: str,
    seconds: VideoSeconds | str | float,
    video: VideoInput,
    model: Omittable[VideoModel | str] = None,
    idempotency_key: str | None = None,
    body_type: BodyType | None = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[Video]:
    """Start a job that continues a video; return the new job, whose length is that of the whole.

    Args:
        prompt: How it shall go on.
        seconds: By how many seconds.
        video: The video: a job's id, a `Video`, a `Job` or `{"id": …}`; or an upload: a
            `pathlib.Path`, bytes, a binary file object or a tuple (name, content, MIME type). A
            string is always an id.
        model: The model, for an upload; left out, the server's default.
        idempotency_key: As with `create`.
        body_type: `form` or `json`, to have it sent so and not otherwise; left out, a form for an
            upload, and JSON for an id, or a form where the server proves that it reads no JSON.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long this request may take, in seconds; left out, the client's own.

    Raises:
        InvalidInput: An argument cannot be sent.
        UnsupportedByServer: The server has no extensions.
        CreateUncertain: The answer was lost: there may be a job.
        APIError: The request did not succeed.
    """
    fields = _texts(prompt=prompt, model=model, seconds=_seconds(seconds))
    source, wanted = video_input(video), _body_type(body_type)
    endpoint = endpoints.extend_video.request_arguments
    alternative = None
    if isinstance(source, Upload):
        _check_body_type(wanted, is_file=True, field="video", opened=source)
        arguments = endpoint(body=models.ExtendVideoForm(**fields, video=source.file))
    else:
        arguments = endpoint(
            body=models.ExtendVideoJson(**fields, video=models.VideoReference(id=source))
        )
        in_form = endpoint(body=models.ExtendVideoForm(**fields, videoid=source))
        if wanted == "form":
            arguments = in_form
        elif wanted is None:
            alternative = in_form  # a server that drops its id has no video, and refuses
    return _creating_call(
        arguments,
        alternative=alternative,
        asks_for={"prompt": fields["prompt"]},  # its length is that of the whole
        uploads=_to_close(source),
        idempotency_key=idempotency_key,
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def create_character(
    *,
    name: str,
    video: FileInput,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[Character]:
    """Make a character of an uploaded video, to appear in later ones.

    Args:
        name: The character's name.
        video: The video: a `pathlib.Path`, bytes, a binary file object or a tuple (name, content,
            MIME type).
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long this request may take, in seconds; left out, the client's own.

    Raises:
        InvalidInput: An argument cannot be sent.
        UnsupportedByServer: The server has no characters.
        CreateUncertain: The answer was lost: there may be a character.
        APIError: The request did not succeed.
    """
    upload = file_input(video, "video")
    body = models.CreateCharacterForm(name=checked_text(name, "name"), video=upload.file)
    return call(
        endpoints.create_character.request_arguments(body=body),
        decoding.character,
        creates=True,
        uploads=upload.to_close,
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def get_character(
    character_id: str,
    *,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Call[Character]:
    """Return a character.

    Args:
        character_id: The id that creating it gave.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long this request may take, in seconds; left out, the client's own.

    Raises:
        NotFoundError: There is no such character.
        APIError: The request did not succeed.
    """
    return call(
        endpoints.retrieve_character.request_arguments(checked_id(character_id, "character_id")),
        partial(decoding.character, known_id=character_id),
        extra_headers=extra_headers,
        extra_query=extra_query,
        extra_body=extra_body,
        timeout=timeout,
    )


def _is_success_or_gone(response: Response) -> bool:
    """Tell whether a video is deleted: also by a request whose answer was lost, before this one."""
    return is_success(response) or (response.retries_taken > 0 and says_unknown(response))


def _creating_call(
    arguments: dict[str, Any],
    *,
    asks_for: Mapping[str, str],
    idempotency_key: object,
    extra_headers: Mapping[str, str] | None,
    extra_body: Mapping[str, object] | None,
    alternative: dict[str, Any] | None = None,
    uploads: tuple[BinaryIO, ...] = (),
    **extra: Any,
) -> Call[Video]:
    """Return the call that creates a job.

    Raises:
        InvalidInput: A header or a field cannot be sent.
    """
    key = given(idempotency_key)
    if key is not None:
        extra_headers = {"Idempotency-Key": key, **(extra_headers or {})}
    own_fields = extra_body if isinstance(extra_body, Mapping) else {}
    overlaid = {name: str(value) for name, value in own_fields.items() if name in _ASKED_FOR}
    common: dict[str, Any] = {
        "creates": True,
        "repeatable": key is not None,
        "asks_for": {**asks_for, **overlaid},
        "extra_headers": extra_headers,
        "extra_body": extra_body,
        **extra,
    }
    made = call(arguments, decoding.video, uploads=uploads, **common)
    if alternative is None:
        return made
    return evolve(made, alternative=call(alternative, decoding.video, **common))


def _body_type(value: object) -> BodyType | None:
    chosen: BodyType | None = given(value)
    if chosen not in {None, "form", "json"}:
        raise InvalidInput(f"body_type is {chosen!r}; it must be 'form' or 'json'")
    return chosen


def _check_body_type(
    kind: BodyType | None, *, is_file: bool, field: str, opened: Upload | None = None
) -> None:
    if is_file and kind == "json":
        for file in _to_close(opened):
            file.close()
        raise InvalidInput(
            f"{field} is a file, which JSON cannot carry: leave body_type out, or give its address"
        )


def _is_success_or_video(response: Response, video_id: str) -> bool:
    return is_success(response) or decoding.carries_video(response, video_id)


def _texts(*, prompt: object = NOT_GIVEN, **optional: object) -> Any:
    """Return the fields that are given, each checked to be text; a prompt may not be None."""
    fields = {} if prompt is NOT_GIVEN else {"prompt": checked_text(prompt, "prompt")}
    return fields | {
        name: checked_text(value, name)
        for name, value in optional.items()
        if given(value) is not None
    }


def _limit(value: object) -> int:
    if not isinstance(value, int) or not 1 <= value <= 100:
        raise InvalidInput(f"limit is {value!r}; a page holds 1 to 100 videos")
    return value


def _seconds(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        raise InvalidInput(f"seconds is {value!r}; it must be a number or text")
    if not isinstance(value, int | float):
        return value
    return str(int(value)) if value == int(value) else str(value)


def _character_ids(characters: object) -> list[str]:
    characters = given(characters)
    if characters is None:
        return []
    if isinstance(characters, str | Mapping) or not isinstance(characters, Iterable):
        raise InvalidInput(f"characters is {characters!r}; give a list of characters")
    return [_character_id(character) for character in characters]


def _character_id(character: object) -> str:
    id_ = character.get("id") if isinstance(character, Mapping) else getattr(character, "id", None)
    if not isinstance(id_, str):
        raise InvalidInput(f"characters holds {character!r}; give characters or {{'id': …}}")
    return checked_id(id_, "characters")


def _to_close(source: object) -> Any:
    return source.to_close if isinstance(source, Upload) else ()
