"""What comes too early: a download, a remix, an edit or an extension of a job that still runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.offers import OFFERS, require_offered
from openvideos_contract.jobs.plan import JobRequest, Start
from openvideos_contract.jobs.polling import Polling
from openvideos_contract.jobs.words import RUNNING
from openvideos_contract.outcome import Nonconformity, NotTested
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

# In percent.
_NEARLY_DONE = 75


def look_early(job: Job, planned: Iterable[JobRequest], gate: Gate, polling: Polling) -> None:
    """Ask for what an unfinished job must refuse, where it is caught unfinished; note it there.

    Args:
        job: The job, just made.
        planned: What the run makes, as only that is asked for too early.
        gate: Where requests leave.
        polling: What tells whether it is unfinished.
    """
    content = gate.send("GET", f"{job.path}/content")
    if _unfinished(job, polling):
        job.early_content = content
    by_id = {"video": {"id": job.id}}
    for wanted in planned:
        if wanted.start is Start.PATH:
            job.early_remix = _too_early(job, wanted, gate, polling, {})
        elif wanted.name == "edit":
            job.early_edit = _too_early(job, wanted, gate, polling, by_id)
        elif wanted.name == "extension":
            job.early_extension = _too_early(job, wanted, gate, polling, by_id)


def _too_early(
    job: Job, wanted: JobRequest, gate: Gate, polling: Polling, fields: dict[str, Any]
) -> Exchange | None:
    """Return the answer to a request on an unfinished job.

    None where the job was done by then, or the server does not offer what is asked for.
    """
    path = job.path + wanted.path if wanted.start is Start.PATH else wanted.path
    video = polling.poll(job) or {}
    progress = video.get("progress")
    # Nearer to its end, it might be completed when the request comes, and rightly be taken.
    near = isinstance(progress, int | float) and progress > _NEARLY_DONE
    if near or video.get("status") not in RUNNING:
        return None
    body = {"prompt": f"[{gate.configuration.run_id}] too early", **fields}
    try:
        # One family: where one is accepted, each of the others would cost a job.
        answer = gate.send("POST", path, json=body, family="an unfinished source")
        require_offered(gate, answer, OFFERS[wanted.path])
    except (Nonconformity, NotTested):
        return None
    return answer if _unfinished(job, polling) else None


def _unfinished(job: Job, polling: Polling) -> bool:
    video = polling.poll(job)
    return video is not None and video.get("status") in RUNNING
