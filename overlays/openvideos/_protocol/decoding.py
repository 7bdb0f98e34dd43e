"""From an answer to a model, whatever the server left out, added or spelt in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from attrs import frozen

from .._errors import APIResponseValidationError
from .._waiting.statuses import DELETED, is_known, normalised
from .coercions import CHARACTER, DELETION, VIDEO, coerced, text, truth
from .error_bodies import describe, is_error_body
from .models import Character, Video, VideoDeleted

if TYPE_CHECKING:
    from .._http.responses import Response

_Model = TypeVar("_Model", Video, Character, VideoDeleted)


@frozen
class ListedVideos:
    """A page as it came.

    Attributes:
        data: Its videos.
        first_id: The server's id of the first; None where not given.
        last_id: The server's id of the last; None where not given.
        has_more: Whether there are more after it; None where the server does not say.
        request_id: The server's id of the request; None where not given.
    """

    data: list[Video]
    first_id: str | None
    last_id: str | None
    has_more: bool | None
    request_id: str | None


def video(response: Response, known_id: str | None = None) -> Video:
    """Read a video.

    Args:
        response: The answer.
        known_id: The id that was asked for. It stays the video's id, as a gateway may answer with
            another one that it does not know itself.

    Raises:
        APIResponseValidationError: The answer is no video.
    """
    decoded = _video(_object(response), response, known_id)
    if not decoded.id:
        raise _meaningless(response, "a video without an id")
    return decoded


def stored_video(sent: dict[str, Any], known_id: str) -> Video:
    """Read what a server once sent of a video, from where it was kept."""
    kept = Video.from_dict({**coerced(VIDEO, sent), "id": known_id})
    kept.raw = sent
    return kept


def unwrapped(sent: Any) -> Any:
    """Return what decoded JSON is about: some gateways put it into the `data` of an envelope.

    The status of the envelope is the request's, not the job's.
    """
    match sent:
        case {"id": _} | {"task_id": _}:
            return sent
        case {"data": {"id": _} | {"task_id": _} as inner}:
            return inner
    return sent


def carries_video(response: Response, video_id: str) -> bool:
    """Tell whether the body is the video, as it is at servers that answer 500 for a failed job.

    An error may have a status and an id as well: those of the request.
    """
    sent = response.json_or_none()
    return (
        isinstance(sent, dict)
        and is_known(sent.get("status"))
        and (sent.get("object") == "video" or text(sent.get("id")) == video_id)
    )


def video_list(response: Response) -> ListedVideos:
    """Read a page of videos, each with whatever keys it has.

    Raises:
        APIResponseValidationError: The answer is no page.
    """
    sent = response.json_or_none()
    page = {"data": sent} if isinstance(sent, list) else _object(response)
    items = page.get("data") or []
    if (
        "data" not in page
        or not isinstance(items, list)
        or not all(isinstance(item, dict) for item in items)
    ):
        raise _meaningless(response, "a page whose data is no list of videos")
    return ListedVideos(
        data=[_video(item, response, None) for item in items],
        first_id=text(page.get("first_id")),
        last_id=text(page.get("last_id")),
        has_more=truth(page.get("has_more")),
        request_id=response.request_id,
    )


def deletion(response: Response, video_id: str) -> VideoDeleted:
    """Read what became of a deletion: done, unless the answer says otherwise.

    Raises:
        APIResponseValidationError: The answer is an error or a page of HTML all the same.
    """
    sent = response.json_or_none() if response.is_success else {}
    sent = sent if isinstance(sent, dict) else {}
    if (sent.get("error") and "id" not in sent) or response.text.lstrip().startswith("<"):
        raise _meaningless(response, f"an error all the same: {describe(response).message}")
    values = coerced(DELETION, sent)
    if values["deleted"] is None:
        word = sent.get("status") if sent.get("object") == "video" else None
        values["deleted"] = not isinstance(word, str) or normalised(word) == DELETED
    return _model(VideoDeleted, {**values, "id": video_id}, sent, response)


def character(response: Response, known_id: str | None = None) -> Character:
    """Read a character.

    Raises:
        APIResponseValidationError: The answer is no character.
    """
    sent = _object(response)
    values = coerced(CHARACTER, sent)
    values["id"] = known_id or values["id"]
    if values["id"] is None:
        raise _meaningless(response, "a character without an id")
    return _model(Character, values, sent, response)


def _video(sent: dict[str, Any], response: Response, known_id: str | None) -> Video:
    values = coerced(VIDEO, sent)
    values["id"] = known_id or values["id"] or ""
    return _model(Video, values, sent, response)


def _model(
    kind: type[_Model], values: dict[str, Any], sent: dict[str, Any], response: Response
) -> _Model:
    model = kind.from_dict(values)
    model.raw = sent
    model.request_id = response.request_id
    return model


def _object(response: Response) -> dict[str, Any]:
    sent = unwrapped(response.json_or_none())
    if not isinstance(sent, dict):
        raise _meaningless(response, describe(response).message)
    if is_error_body(sent):
        raise _meaningless(response, f"an error all the same: {describe(response).message}")
    return sent


def _meaningless(response: Response, what: str) -> APIResponseValidationError:
    return APIResponseValidationError(
        f"HTTP {response.status_code} to {response.method} {response.url}, but {what.rstrip('.')}.",
        response=response,
        details=describe(response),
        advice="Is base_url the address of a server that speaks the Videos protocol?",
    )
