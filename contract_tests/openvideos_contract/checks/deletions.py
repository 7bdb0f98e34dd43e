"""Whether what a server deletes is gone."""

from __future__ import annotations

from openvideos_contract.outcome import Blocked
from openvideos_contract.wire.gate import Gate


def require_deletions_do_something(gate: Gate) -> None:
    """Go on unless something that was deleted could be retrieved right after.

    Raises:
        Blocked: It could (DELETE-003), so that no sequence of calls with a deletion can be right.
    """
    deleted: set[str] = set()
    for answer in gate.exchanges:
        method, path = answer.request.method, answer.request.url.path
        if method == "DELETE" and answer.ok:
            deleted.add(path)
        elif method == "GET" and path in deleted:
            if answer.ok:
                raise Blocked(f"what was deleted is there still (DELETE-003): {answer.summary}")
            deleted.remove(path)
