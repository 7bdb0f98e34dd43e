"""Which version of a file a server sends, and where in the file what it sends belongs.

Pure functions of an answer's headers (RFC 9110, sections 8.8, 13.1.5, 14 and 15.3.7). Two pieces
are only put together where it is sure that they are of one version.
"""

from __future__ import annotations

import enum
import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import asdict, field, frozen
from attrs.validators import instance_of, optional

from .checksums import Checksum, checksum_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from .._http.responses import Response

_STRONG_ETAG = re.compile(r'"[^"]*"')
_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)
_LENGTH_ALONE = re.compile(r"bytes\s+\*/(\d{1,18})", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,18}")


@frozen
class Version:
    """What tells one version of a file from another.

    Attributes:
        url: The address that sent it, without its query: an ETag means something there only.
        etag: Its strong ETag; None where there is none.
        last_modified: When it was changed last, in the server's words; None where not said, or not
            exactly enough to tell two versions apart.
        length: Its length in bytes; None where not known.
        checksum: Its checksum; None where not given.
    """

    url: str = field(default="", validator=instance_of(str))
    etag: str | None = field(default=None, validator=optional(instance_of(str)))
    last_modified: str | None = field(default=None, validator=optional(instance_of(str)))
    length: int | None = field(default=None, validator=optional(instance_of(int)))
    checksum: Checksum | None = None

    @property
    def validator(self) -> str | None:
        """What `If-Range` takes; None where nothing tells the versions apart for sure."""
        return self.etag or self.last_modified

    def is_continued_by(self, other: Version) -> bool:
        """Tell whether a piece of the other version is a piece of this one, for sure."""
        return (
            self.validator is not None
            and (self.url, self.validator) == (other.url, other.validator)
            and _agree(self.length, other.length)
            and _agree(self.checksum, other.checksum)
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as what JSON has."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_dict` was made of.

        Raises:
            TypeError: It was made of something else.
        """
        checksum = values["checksum"] and Checksum(**values["checksum"])
        return cls(**{**values, "checksum": checksum})


@frozen
class Piece:
    """The answer is a piece of the file, or all of it.

    Attributes:
        start: Where in the file it begins.
        end: Where it ends, the byte after its last one; None where that is not known.
        version: The version of the file.
    """

    start: int
    end: int | None
    version: Version


class Other(enum.Enum):
    """What an answer can be beside a piece."""

    FINISHED = "there is no more of the file than what is here"
    UNFIT = "it does not fit to what is here"


FINISHED: Final = Other.FINISHED
UNFIT: Final = Other.UNFIT


def range_headers(have: int, version: Version) -> dict[str, str]:
    """Return the headers that ask for the rest of a file; none where the whole is to be asked for.

    Args:
        have: How many bytes from its start are here.
        version: The version that they are of.
    """
    if not have or version.validator is None:
        return {}
    return {"Range": f"bytes={have}-", "If-Range": version.validator}


def place_of(response: Response, have: int, version: Version) -> Piece | Other:
    """Tell where in the file an answer belongs.

    Args:
        response: An answer of success, or 416.
        have: From which byte on the file was asked for.
        version: The version of what is here.
    """
    if response.status_code == 416:
        return _nothing_more(response, have, version)
    sent = version_of(response)
    if response.status_code != 206:
        return Piece(0, sent.length, sent)
    match = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "").strip())
    if match is None or is_encoded(response):
        return UNFIT
    start, end = int(match[1]), int(match[2]) + 1
    if not start < end <= (end if sent.length is None else sent.length) or start != have:
        return UNFIT
    if have and not version.is_continued_by(sent):
        return UNFIT
    return Piece(start, end, sent if not have else version)


def version_of(response: Response) -> Version:
    """Return which version of a file an answer is of, or is a piece of."""
    headers, url = response.headers, response.url
    if is_encoded(response):  # lengths, ranges and sums are those of what is on the wire
        return Version(url=url)
    whole = response.status_code != 206
    length = _number(headers.get("content-length", ""))
    if not whole:
        length = _number(headers.get("content-range", "").rpartition("/")[2])
    etag = headers.get("etag", "").strip()
    return Version(
        url=url,
        etag=etag if _STRONG_ETAG.fullmatch(etag) and etag.isascii() else None,
        last_modified=_exact_date(headers),
        length=length,
        checksum=checksum_of(headers, whole=whole),
    )


def is_encoded(response: Response) -> bool:
    """Tell whether the file is packed on the way."""
    return response.headers.get("content-encoding", "").strip().lower() not in {"", "identity"}


def _nothing_more(response: Response, have: int, version: Version) -> Other:
    match = _LENGTH_ALONE.fullmatch(response.headers.get("content-range", "").strip())
    if not have or match is None or int(match[1]) != have:
        return UNFIT
    sent = version_of(response)
    if sent.validator is not None:
        same = (sent.url, sent.validator) == (version.url, version.validator)
    else:
        same = version.length == have
    return FINISHED if same else UNFIT


def _exact_date(headers: Mapping[str, str]) -> str | None:
    """Return `Last-Modified` where the file cannot have changed again within the same second."""
    said, now = headers.get("last-modified"), headers.get("date")
    try:
        exact = said and now and parsedate_to_datetime(now) > parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return None
    return said if said and exact and said.isascii() else None


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text.strip()) else None


def _agree(one: object, other: object) -> bool:
    return one is None or other is None or one == other
