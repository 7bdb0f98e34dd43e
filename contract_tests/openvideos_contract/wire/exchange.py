"""One request and its answer, as they went over the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

import attrs
import httpx

from openvideos_contract.outcome import Nonconformity, shorten
from openvideos_contract.settings.masking import SHORTEST_SECRET, WORDS_OF_KEYS, mask
from openvideos_contract.wire import curl
from openvideos_contract.wire.made import is_addressable

_HALF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


@attrs.frozen
class Exchange:
    """A request and its whole answer.

    Attributes:
        request: What was sent.
        response: What came back, its body read.
        sent_at: The clock before sending, in Unix seconds.
        test: The test that sent it.
        secrets: What is masked wherever the exchange is shown, by the name shown in its place.
        number: Counts the exchanges of a run, from 1; 0 for one that is not kept.
    """

    request: httpx.Request = attrs.field(repr=False)
    response: httpx.Response
    sent_at: float
    test: str
    secrets: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    number: int = 0

    @property
    def status(self) -> int:
        """The status of the answer."""
        return self.response.status_code

    @property
    def ok(self) -> bool:
        """Whether the answer is a 2xx."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the answer is a 4xx."""
        return 400 <= self.status < 500

    @property
    def content(self) -> bytes:
        """The body of the answer."""
        return self.response.content

    @property
    def first_byte_after(self) -> float:
        """How many seconds it took until the first byte of the answer's body came."""
        return float(self.response.extensions.get("first_byte_after", 0.0))

    @property
    def media_type(self) -> str:
        """The answer's Content-Type in lower case, without parameters; empty if there is none."""
        return self.header("content-type").partition(";")[0].strip().lower()

    def header(self, name: str) -> str:
        """Return a header of the answer, empty where it is missing."""
        return cast("str", self.response.headers.get(name, ""))

    def json(self) -> Any:
        """Return the answer's body as JSON, None where it is none."""
        try:
            body = json.loads(self.content)
            if _HALF_A_CHARACTER.search(self.content):
                # Pairs are whole by now; a half can neither be sent, nor noted, nor shown.
                told = json.dumps(body, ensure_ascii=False)
                body = json.loads(told.encode("utf-8", "replace"))
        except (ValueError, RecursionError):
            return None
        return body

    @property
    def object(self) -> dict[str, Any]:
        """The answer's body as a JSON object, empty where it is none."""
        body = self.json()
        return body if isinstance(body, dict) else {}

    def accepted(self, what: str) -> dict[str, Any]:
        """Return the JSON object of a 2xx answer.

        Args:
            what: What the answer should be, as a noun phrase.

        Raises:
            Nonconformity: The answer is no 2xx, or holds no JSON object.
        """
        body = self.json()
        if not self.ok or not isinstance(body, dict):
            raise Nonconformity(expected=what, seen=self.summary, exchange=self)
        return body

    def video(self) -> dict[str, Any]:
        """Return the Video of a 2xx answer, which has an id that a URL can hold.

        Raises:
            Nonconformity: The answer is no 2xx, or holds no such object.
        """
        body = self.accepted("2xx and a Video")
        if not is_addressable(body.get("id")):
            raise Nonconformity(
                expected="a Video with an id that a URL can hold", seen=self.summary, exchange=self
            )
        return body

    @property
    def summary(self) -> str:
        """The answer in one line: status, type, and the beginning of a readable body."""
        kind = self.media_type or "no Content-Type"
        if self.media_type.startswith(("video/", "image/")) or b"\0" in self.content[:512]:
            body = f"{len(self.content)} bytes"
        else:
            # Masked before it is cut, so that no part of a key is left at the cut.
            beginning = self.masked(self.content[:20_000].decode("utf-8", "replace"))
            body = " ".join(beginning[:2000].split())
        return shorten(f"{self.status} {kind} {body}".strip(), 500)

    @property
    def curl(self) -> str:
        """A command that sends the request again, keys left to the environment."""
        return curl.command(self.request, self.secrets)

    def shows(self, text: str) -> bool:
        """Return whether `text` holds a key, just as it was sent."""
        return any(
            len(secret) >= SHORTEST_SECRET and secret in text
            for name, secret in self.secrets.items()
            if any(word in name.lower() for word in WORDS_OF_KEYS)
        )

    def masked(self, text: str) -> str:
        """Return `text` with the name of its variable in place of each secret."""
        for name, secret in self.secrets.items():
            text = mask(text, secret, f"${name}")
        return text
