"""Keeps secrets out of what is shown, in whichever writing a server or a URL has them."""

from __future__ import annotations

import base64
import functools
import json
from urllib.parse import quote, quote_plus

from openvideos_contract.outcome import CUT

# A word such as "EMPTY" or "x", for a server that takes any, is no secret.
SHORTEST_SECRET = 8
# Words in the names of headers and parameters that carry a key.
WORDS_OF_KEYS = ("auth", "key", "token", "secret", "cookie")
# Fewer letters of a secret at a cut tell nothing.
_SHORTEST_END = 4


@functools.lru_cache(maxsize=64)
def writings(secret: str) -> tuple[str, ...]:
    """Return the writings of a secret: as it is, in a URL, in JSON and in Base64."""
    data = secret.encode()
    found = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        base64.b64encode(data).decode().rstrip("="),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
    }
    return tuple(sorted(found, key=lambda written: (-len(written), written)))


def mask(text: str, secret: str, shown: str) -> str:
    """Return a text with something shown in place of a secret; a mere word is none.

    Of a text that was shortened, what is left of a secret at the cut is masked, too.
    """
    if len(secret) < SHORTEST_SECRET:
        return text
    for written in writings(secret):
        text = text.replace(written, shown)
        if CUT in text:
            text = _mask_ends(text, written, shown)
    return text


def _mask_ends(text: str, written: str, shown: str) -> str:
    pieces = text.split(CUT)
    for number in range(len(pieces) - 1):
        for length in range(len(written) - 1, _SHORTEST_END - 1, -1):
            if pieces[number].endswith(written[:length]):
                pieces[number] = pieces[number][:-length] + shown
            if pieces[number + 1].startswith(written[-length:]):
                pieces[number + 1] = shown + pieces[number + 1][length:]
    return CUT.join(pieces)
