"""Whether a job was completed, and what it made can be had."""

from __future__ import annotations

from openvideos_contract.checks.answers import compact
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, require


def require_completed(jobs: Jobs, name: str) -> Job:
    """Return a job if it is completed, for a test of just that.

    Raises:
        Nonconformity: It is not.
        NotRun: It failed as any job may, where others were completed.
        Blocked: It could not be made, or cannot be retrieved (RETRIEVE-001).
    """
    job = jobs.ended(name)
    if job.unretrievable:
        raise Blocked(f"the job {name} cannot be retrieved (RETRIEVE-001): {job.lost}")
    jobs.require_not_unlucky(job)
    require(
        job.completed,
        expected="the status completed",
        seen=job.lost or compact(job.ended),
        exchange=(job.polls or [job.created])[-1],
    )
    return job


def require_download(jobs: Jobs, name: str) -> None:
    """Go on if the video that a job made can be downloaded, for a test of just that.

    Raises:
        Nonconformity: It cannot.
        Blocked: The job was not completed.
    """
    content = jobs.content(name)
    require(
        content.status == 200 and content.media_type.startswith("video/") and content.content,
        expected="200 and a video",
        seen=content.summary,
        exchange=content,
    )
