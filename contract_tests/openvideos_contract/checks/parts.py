"""Parts of a content, as RFC 9110 has them."""

from __future__ import annotations

import email
import email.policy
import re
from typing import Any

from openvideos_contract.checks.answers import BYTERANGES
from openvideos_contract.outcome import require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

# No file has more bytes than so many digits tell.
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)


def ask_for_part(gate: Gate, path: str, asked: str, if_range: str = "", **request: Any) -> Exchange:
    """Return the answer to a request for a part.

    Args:
        gate: Where it leaves.
        path: Where the content is.
        asked: The Range.
        if_range: The If-Range, empty for none.
        **request: The rest of the request, as `Gate.send` takes it.
    """
    condition = {"If-Range": if_range} if if_range else {}
    return gate.send("GET", path, headers={"Range": asked, **condition}, **request)


def require_part(answer: Exchange, asked: str, whole: bytes) -> None:
    """Go on if an answer is just the part that was asked for.

    Args:
        answer: The answer to a Range.
        asked: The Range.
        whole: The whole content.

    Raises:
        Nonconformity: It is no 206, or another part.
    """
    told = _CONTENT_RANGE.fullmatch(answer.header("content-range"))
    length = len(whole)
    first, last = _bounds(asked, length)
    bounds = (int(told[1]), int(told[2]), told[3]) if told else None
    require(
        answer.status == 206
        and bounds is not None
        and bounds[:2] == (first, last)
        and bounds[2] in {"*", str(length)}
        and answer.content == whole[first : last + 1],
        expected=f"206, Content-Range bytes {first}-{last}/{length} and just these bytes",
        seen=f"{answer.header('content-range') or 'no Content-Range'}, {answer.summary}",
        exchange=answer,
    )


def require_named_parts(answer: Exchange, whole: bytes) -> None:
    """Go on if each part of a 206 holds just the bytes that it names.

    Args:
        answer: The answer, of one part or of several as multipart/byteranges.
        whole: The whole content.

    Raises:
        Nonconformity: A part names no bytes of the whole, or holds others.
    """
    parts = [(answer.header("content-range"), answer.content)]
    if answer.media_type == BYTERANGES:
        parts = _separate(answer)
    require(
        parts,
        expected="parts with their Content-Range",
        seen=answer.summary,
        exchange=answer,
    )
    for named, content in parts:
        told = _CONTENT_RANGE.fullmatch(named)
        fits = told is not None and whole[int(told[1]) : int(told[2]) + 1] == content
        require(
            fits and told is not None and told[3] in {"*", str(len(whole))} and content,
            expected=f"a part with just the bytes of the {len(whole)} that it names",
            seen=f"{named or 'no Content-Range'}, {len(content)} bytes",
            exchange=answer,
        )


def _separate(answer: Exchange) -> list[tuple[str, bytes]]:
    """Return the Content-Range and the bytes of each part of a multipart/byteranges."""
    head = f"Content-Type: {answer.header('content-type')}\r\n\r\n".encode()
    message = email.message_from_bytes(head, policy=email.policy.HTTP)
    boundary = message.get_boundary("")
    # By hand, as the parser of messages takes a body for text and changes its line ends.
    found = []
    for piece in (b"\r\n" + answer.content).split(f"\r\n--{boundary}".encode("utf-8", "replace"))[
        1:-1
    ]:
        lines, _, content = piece.partition(b"\r\n\r\n")
        headers = email.message_from_bytes(lines.lstrip(b"\r\n") + b"\r\n\r\n")
        found.append((str(headers.get("Content-Range", "")).strip(), content))
    return found


def _bounds(asked: str, length: int) -> tuple[int, int]:
    first, _, last = asked.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, length - int(last)), length - 1
    return int(first), min(int(last or length), length - 1)
