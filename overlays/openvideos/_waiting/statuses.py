"""The words for where a job stands, whoever's they are."""

from __future__ import annotations

from typing import Final

QUEUED: Final = "queued"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"
EXPIRED: Final = "expired"
DELETED: Final = "deleted"

_WORDS = {
    QUEUED: "queued pending submitted not_start notstarted preparing created starting unknown "
    "throttled",
    "in_progress": "in_progress processing running generating postprocessing",
    COMPLETED: "completed complete success succeeded succeed finished done",
    FAILED: "failed failure fail error",
    CANCELLED: "cancelled canceled",
    EXPIRED: "expired",
    DELETED: "deleted",
}
_MEANINGS = {word: status for status, words in _WORDS.items() for word in words.split()}

FINAL = frozenset({COMPLETED, FAILED, CANCELLED, EXPIRED, DELETED})


def normalised(word: str) -> str:
    """Return the status that a server's word stands for, or the word itself where nobody knows."""
    return _MEANINGS.get(word.strip().lower().replace("-", "_").replace(" ", "_"), word)


def is_known(word: object) -> bool:
    """Tell whether a server's word stands for a status."""
    return isinstance(word, str) and normalised(word) in _WORDS


def is_final(status: str) -> bool:
    """Tell whether a job of this status will not change any more."""
    return status in FINAL
