"""Deletes what a run made, and nothing else."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from openvideos_contract.jobs.words import RUNNING
from openvideos_contract.outcome import Blocked, Nonconformity
from openvideos_contract.wire.made import Made, is_addressable, video_path

if TYPE_CHECKING:
    from openvideos_contract.wire.gate import Gate

# Refusals that may be taken back once a job has ended; of the others only while it still runs.
_LATER = frozenset({409, 425, 429})
_NOT_OFFERED = frozenset({404, 405, 410, 501})
# A list is looked through so far for prompts that bear the mark of a run.
_MOST_PAGES = 20


def delete_all(gate: Gate, deadline: float, *, whole_run: bool) -> list[Made]:
    """Delete what a run made and still exists; return what could not be deleted.

    Args:
        gate: Where requests leave.
        deadline: Seconds in which jobs that still run may come to an end.
        whole_run: Whether to delete what other processes of the run left, too.
    """
    end = time.monotonic() + deadline
    if whole_run:
        _adopt_what_others_left(gate)
    _delete(gate, end)
    lost = gate.ledger.unanswered if whole_run else []
    nameless = [made for made in gate.made if not made.id]
    if whole_run and (lost or nameless or _failed(gate)):
        found_all = adopt_marked(gate)
        _delete(gate, end)
        if found_all:
            # Whatever these started is in no list, or was found there.
            for made in nameless:
                made.deleted = not made.character
            if gate.ledger.exists:
                gate.ledger.note_resolved()
            lost = []
    left = [made for made in gate.made if not made.deleted]
    return left + [Made("", None, "") for _ in lost]


def _failed(gate: Gate) -> bool:
    """Return whether the server failed at what may have started a job by then."""
    return any(one.request.method == "POST" and one.status >= 500 for one in gate.exchanges)


def _delete(gate: Gate, end: float) -> None:
    """Delete what can be, the latest first, and wait for what still runs."""
    waiting = [made for made in reversed(gate.made) if made.path and not made.deleted]
    while waiting:
        later = []
        for made in waiting:
            status = gate.delete(made)
            if status is None and time.monotonic() >= end:
                return  # nobody answers
            if not made.deleted and status is not None and _may_be_later(gate, made, status):
                later.append(made)
        waiting = later
        if not waiting or time.monotonic() >= end:
            return
        time.sleep(0.5)


def _may_be_later(gate: Gate, made: Made, status: int) -> bool:
    if status in _NOT_OFFERED or not 400 <= status < 500:
        return False
    try:
        # Also where it may be for sure: at some servers a job goes on when it is looked at.
        video = gate.send("GET", made.path, key=made.key).object
    except (Nonconformity, Blocked):
        return status in _LATER
    return status in _LATER or video.get("status") in RUNNING


def _adopt_what_others_left(gate: Gate) -> None:
    known = {made.id for made in gate.made}
    for place in gate.ledger.places:
        if place.answered and place.left and place.id not in known:
            gate.adopt(Made(place.id, gate.key_named(place.key), place.path))


def adopt_marked(gate: Gate) -> bool:
    """Take the listed videos whose prompts bear the run's id for its own.

    Returns:
        Whether they were all found: the list could be had to its end, and shows prompts.
    """
    names = ["own"] + (["second"] if gate.configuration.second_api_key else [])
    return False not in {_adopt_marked_of(gate, gate.key_named(name)) for name in names}


def _adopt_marked_of(gate: Gate, key: str | None) -> bool:
    known = {made.id for made in gate.made}
    silent = False
    after: str | None = None
    for _ in range(_MOST_PAGES):
        cursor = {} if after is None else {"after": after}
        try:
            page = gate.send(
                "GET", "/videos", params={"limit": 100, "order": "desc", **cursor}, key=key
            ).object
        except (Nonconformity, Blocked):
            return False
        data = page.get("data")
        if not isinstance(data, list):
            return False
        videos = [
            found for found in data if isinstance(found, dict) and is_addressable(found.get("id"))
        ]
        for video in videos:
            video_id, prompt = str(video["id"]), video.get("prompt")
            silent = silent or not isinstance(prompt, str)
            if gate.configuration.run_id in str(prompt) and video_id not in known:
                known.add(video_id)
                gate.adopt(Made(video_id, key, video_path(video_id)))
        last = str(videos[-1]["id"]) if videos else None
        if page.get("has_more") is not True or last in {None, after}:
            return not silent
        after = last
    return False
