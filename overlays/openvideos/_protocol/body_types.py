"""Which kind of body a create is sent in: a form, or JSON."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .error_bodies import describe

if TYPE_CHECKING:
    from .._http.calls import Call
    from .._http.responses import Response
    from .memory import BodyType

_UNSUPPORTED_MEDIA_TYPE = 415
_REFUSALS = frozenset({400, _UNSUPPORTED_MEDIA_TYPE, 422})

_MISSING = re.compile(r"missing|required|not provided|must provide", re.IGNORECASE)
_UNREADABLE = re.compile(
    r"(invalid|malformed|not valid|parse|decode|expect)\w*.{0,40}(json|form|multipart)"
    r"|json.{0,20}(invalid|decode|parse)|unsupported media type|content-type|valid dictionary"
    # How parsers of JSON name the two hyphens with which a form begins.
    r"|invalid character '-'|(line 1 column|json at position) [12]\b",
    re.IGNORECASE | re.DOTALL,
)


def body_type(call: Call[Any]) -> BodyType:
    """Return the kind of body of a call."""
    return "form" if "files" in call.arguments else "json"


def could_not_be_read(response: Response) -> bool:
    """Tell whether an answer proves that the server could not read the body it was sent.

    Then nothing was created: it refused, and what it misses was in the body, or it says itself that
    it cannot read such a body.
    """
    if response.status_code not in _REFUSALS:
        return False
    if response.status_code == _UNSUPPORTED_MEDIA_TYPE:
        return True
    details = describe(response)
    misses_prompt = details.param == "prompt" or "prompt" in details.message.lower()
    if misses_prompt and _MISSING.search(details.message):
        return True
    return details.code == "invalid_json" or bool(_UNREADABLE.search(details.message))
