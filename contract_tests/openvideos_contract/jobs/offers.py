"""What a server offers, told from what its router answers at a path that it does not have."""

from __future__ import annotations

from openvideos_contract.outcome import Unsupported
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

# What a request that makes a job from others asks for, by its path.
OFFERS = {
    "/remix": "remix",
    "/videos/edits": "edits",
    "/videos/extensions": "extensions",
    "/videos/characters": "characters",
}


def require_offered(gate: Gate, answer: Exchange, what: str) -> None:
    """Go on unless `answer` is what the server answers at a path that it does not have.

    Args:
        gate: Where requests leave.
        answer: The answer.
        what: What was asked for, as a noun phrase.

    Raises:
        Unsupported: It is.
    """
    if answer.status in {405, 501}:
        gate.forgive(answer)
        raise Unsupported(f"the server does not offer {what}: {answer.summary}")
    if answer.status != 404:
        return
    run_id = gate.configuration.run_id
    unheard = f"/videos/{run_id}/{run_id}"
    # Only a request that can start nothing: the method is the same, the path is nobody's.
    nowhere = gate.send(answer.request.method, unheard)
    gate.forgive(nowhere)
    if nowhere.status == 404 and without_path(answer) == without_path(nowhere):
        gate.forgive(answer)
        raise Unsupported(f"the server does not offer {what}: {answer.summary}")


def without_path(answer: Exchange) -> bytes:
    """Return the body of an answer without the path that was asked for, which routers repeat."""
    return answer.content.replace(answer.request.url.path.encode(), b"")
