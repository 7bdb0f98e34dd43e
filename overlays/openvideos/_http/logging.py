"""What the client tells of its work: the logger `openvideos`, at the level DEBUG.

No body, no header and no query is logged, so no secret and no prompt is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from .._errors import APIConnectionError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .calls import Call
    from .responses import Response

logger: Final = logging.getLogger("openvideos")

_VARIABLE: Final = "OPENVIDEOS_LOG"
_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


def log_as_asked(environment: Mapping[str, str]) -> None:
    """Turn the logger on where the environment says so, for programs that set up no logging.

    Raises:
        InvalidInput: It names no level.
    """
    word = environment.get(_VARIABLE)
    if not word:
        return
    level = _LEVELS.get(word.lower())
    if level is None:
        raise InvalidInput(f"{_VARIABLE} is {word!r}; it may be {', '.join(_LEVELS)}, or nothing")
    logging.basicConfig(format="[%(asctime)s %(name)s %(levelname)s] %(message)s")
    logger.setLevel(level)


def log_request(call: Call[Any]) -> None:
    """Tell that a request is sent."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s: sent", call.name)


def log_answer(call: Call[Any], response: Response) -> None:
    """Tell what it was answered."""
    if logger.isEnabledFor(logging.DEBUG):
        seconds, request_id = response.elapsed.total_seconds(), response.request_id
        named = f", request {request_id!r}" if request_id else ""
        logger.debug("%s: HTTP %d after %.3f s%s", call.name, response.status_code, seconds, named)


def log_no_answer(call: Call[Any], error: APIConnectionError) -> None:
    """Tell that it was not answered."""
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("%s: no whole answer (%s)", call.name, type(error).__name__)


def log_retry(
    call: Call[Any], outcome: Response | APIConnectionError, *, pause: float, retry: int
) -> None:
    """Tell that a request will be sent again, when and why."""
    if logger.isEnabledFor(logging.DEBUG):
        why = (
            f"there was no whole answer ({outcome})"
            if isinstance(outcome, APIConnectionError)
            else f"the server answered HTTP {outcome.status_code}"
        )
        logger.debug("%s: retry %d in %.3f s, as %s", call.name, retry, pause, why)
