"""Sends what a server should refuse, and judges whether it did."""

from __future__ import annotations

from typing import Any

from openvideos_contract.outcome import Blocked, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate


def refused(
    gate: Gate,
    method: str,
    path: str,
    *,
    family: str | None = None,
    why: str = "",
    **request: Any,
) -> Exchange:
    """Send a request that should be refused, and return its answer.

    Args:
        gate: Where it leaves.
        method: In capitals.
        path: Below the base URL.
        family: What is wrong with it, as a noun phrase; needed where it might start a job.
        why: Why it should be refused, as a sentence, where there is no family.
        **request: The rest of the request, as `Gate.send` takes it.

    Raises:
        Nonconformity: It was answered with anything but a 4xx.
    """
    answer = gate.send(method, path, family=family, **request)
    what = f" for {family}" if family else _because(why)
    require(answer.refused, expected=f"a refusal, 4xx{what}", seen=answer.summary, exchange=answer)
    return answer


def refusal(
    gate: Gate, method: str, path: str, *, family: str | None = None, **request: Any
) -> Exchange:
    """Send a request that should be refused, for a test of how it is.

    Raises:
        Blocked: It was not refused, which another test tells.
    """
    answer = gate.send(method, path, family=family, **request)
    if not answer.refused:
        raise Blocked(f"there is no refusal for {family or path}: {answer.summary}")
    return answer


def require_status(answer: Exchange, status: int, why: str = "") -> None:
    """Go on if the answer has a status.

    Args:
        answer: The answer.
        status: What it should have.
        why: Why, as a sentence.

    Raises:
        Nonconformity: It has another.
    """
    expected = f"{status}{_because(why)}"
    require(answer.status == status, expected=expected, seen=answer.summary, exchange=answer)


def _because(why: str) -> str:
    return f", as {why}" if why else ""


def error_of(answer: Exchange) -> dict[str, Any]:
    """Return what is inside the error envelope of `answer`.

    Raises:
        Blocked: It has none (ERROR-001).
    """
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        raise Blocked(f"the refusal has no error envelope (ERROR-001): {answer.summary}")
    return error
