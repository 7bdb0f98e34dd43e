"""Where else than at its content route a server offers a video: no part of the protocol."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._protocol.models import Video

# An address, or the file itself.
Source: TypeAlias = str | bytes

# "Please use the cloud URL: https://…", and no address of a manual.
_NAMED_ADDRESS = re.compile(r"\burl\W{1,3}(https?://[^\s\"'<>]+)", re.IGNORECASE)


def sources_of(video: Video | None, refusal: str, base_url: str) -> list[Source]:
    """Return where a video is to be had, the likeliest first, each once.

    Args:
        video: The job as the server tells it, with `url`, `metadata.url`, or the first of `videos`
            or `data` with an address or the file itself; None where it is not known.
        refusal: What the content route said: some name an address in it.
        base_url: What an address without a host is relative to.
    """
    found: list[Source] = [match.rstrip(".,;)") for match in _NAMED_ADDRESS.findall(refusal)]
    for holder in _holders(video.raw if video else {}):
        address = _address(holder.get("url"), base_url)
        content = _content(holder.get("b64_json") or holder.get("base64"))
        found += [source for source in (address, content) if source]
    return list(dict.fromkeys(found))


def _holders(sent: Any) -> Iterator[dict[str, Any]]:
    first_of = [items[0] for name in ("videos", "data") if (items := _list(sent.get(name)))]
    for holder in (sent, sent.get("metadata"), *first_of):
        if isinstance(holder, dict):
            yield holder


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _address(said: object, base_url: str) -> str | None:
    # Some gateways put the text of an error there.
    if not isinstance(said, str) or re.search(r"\s", said):
        return None
    if said.startswith("/"):
        said = urljoin(base_url, said)
    try:
        parts = urlsplit(said)
        _ = parts.port  # read for its check
    except ValueError:
        return None
    return said if parts.scheme.lower() in {"http", "https"} and parts.hostname else None


def _content(said: object) -> bytes | None:
    if not isinstance(said, str):
        return None
    try:
        return base64.b64decode(said.partition(";base64,")[2] or said, validate=True)
    except ValueError:
        return None
