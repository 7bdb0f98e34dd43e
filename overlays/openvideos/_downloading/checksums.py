"""The checksum that a server gives for a file: RFC 9530, and what was in use before it."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedIOBase

# By the names in headers, the strongest first.
_ALGORITHMS = {"sha-512": "sha512", "sha-256": "sha256", "md5": "md5"}

# Of the whole file; and of what this answer carries, which may be a part of it.
_OF_THE_FILE = ("repr-digest", "digest")
_OF_THE_ANSWER = ("content-digest", "content-md5")

_MEMBER = re.compile(r"\s*([a-z0-9-]+)=:?([a-z0-9+/]+={0,2}):?\s*", re.IGNORECASE)


@frozen
class Checksum:
    """A checksum.

    Attributes:
        algorithm: Its algorithm, by the name that `hashlib` has for it.
        digest: Its value, in hexadecimal digits.
    """

    algorithm: str
    digest: str

    def is_of(self, file: BufferedIOBase) -> bool:
        """Tell whether it is the checksum of what is in a file from its position on."""
        found = hashlib.file_digest(
            file, lambda: hashlib.new(self.algorithm, usedforsecurity=False)
        )
        return found.hexdigest() == self.digest


def checksum_of(headers: Mapping[str, str], *, whole: bool) -> Checksum | None:
    """Return the strongest checksum that an answer gives for the file; None where it gives none.

    Args:
        headers: The answer's headers.
        whole: Whether it carries the whole file.
    """
    given = dict(_given(headers, _OF_THE_FILE + _OF_THE_ANSWER if whole else _OF_THE_FILE))
    return next(
        (Checksum(name, given[name]) for name in _ALGORITHMS.values() if name in given), None
    )


def _given(headers: Mapping[str, str], names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in names:
        said = headers.get(name, "")
        if name == "content-md5" and said:
            said = f"md5={said}"
        for member in said.split(","):
            match = _MEMBER.fullmatch(member)
            algorithm = _ALGORITHMS.get(match[1].lower()) if match else None
            digest = _decoded(match[2]) if match else b""
            size = hashlib.new(algorithm, usedforsecurity=False).digest_size if algorithm else 0
            if algorithm and len(digest) == size:
                yield algorithm, digest.hex()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""
