"""What is possible, and offered by no server that is known."""

from __future__ import annotations

import base64

FOREIGN = {"model": "no-such-model", "size": "640x480", "seconds": "5"}
# What a dialect closes, where it says which values are offered.
SCHEMAS = {"model": "VideoModel", "size": "VideoSize", "seconds": "VideoSeconds"}


def family_of(field: str) -> str:
    """Return the family of the requests whose `field` has a foreign value."""
    return f"a foreign {field}"


def data_url(data: bytes, media_type: str) -> str:
    """Return a `data:` URL that holds bytes of a media type."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
