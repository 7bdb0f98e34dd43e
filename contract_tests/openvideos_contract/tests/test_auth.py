"""Keys: none, a wrong one, another scheme, and another tenant's."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from openvideos_contract.checks.listing import listed_ids
from openvideos_contract.checks.refusals import error_of, refusal, require_status
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, NotRun, NotTested, Unsupported, require
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

VARIANTS = ("thumbnail", "spritesheet")
# Deleting comes last: where it is let in, a video is gone.
OPERATIONS = ("list", "retrieve", "content", *VARIANTS, "create", "remix", "delete")


@pytest.fixture(scope="module")
def key(configuration: Configuration) -> str:
    """The run's own key."""
    if configuration.api_key is None:
        raise Unsupported("the run has no key: the server is taken to have none")
    return configuration.api_key


@pytest.fixture(scope="module")
def wrong_key(configuration: Configuration, key: str) -> str:
    """A key that nobody was given."""
    return f"sk-{configuration.run_id}-wrong"


@pytest.fixture(scope="module")
def any_key(gate: Gate, jobs: Jobs, wrong_key: str) -> bool:
    """Whether any key is a tenant of its own: it gets in, and does not see this run's videos."""
    seen = gate.send("GET", jobs.existing("plain").path, key=wrong_key)
    listed = gate.send("GET", "/videos", key=wrong_key)
    return seen.status == 404 and listed.ok


@pytest.fixture(scope="module")
def stranger(gate: Gate, configuration: Configuration, any_key: bool, wrong_key: str) -> str:
    """Another tenant's key."""
    second = configuration.second_api_key
    if second is not None:
        answer = gate.send("GET", "/videos", key=second)
        if answer.status in {401, 403}:
            raise NotRun(f"the server does not take --second-api-key: {answer.summary}")
        return second
    if any_key:
        return wrong_key
    raise Unsupported("no second key is at hand; give --second-api-key")


def call(gate: Gate, jobs: Jobs, operation: str, **request: Any) -> Exchange:
    """Call an operation on a finished video of the run; what it starts is deleted at once."""
    prompt = {"prompt": f"[{gate.configuration.run_id}] with the wrong credentials"}
    match operation:
        case "list":
            return gate.send("GET", "/videos", **request)
        case "retrieve":
            return gate.send("GET", jobs.existing("plain").path, **request)
        case "content":
            return gate.send("GET", f"{private(jobs).path}/content", **request)
        case "thumbnail" | "spritesheet":
            _skip_unless_offered(jobs, operation)
            path = f"{private(jobs).path}/content"
            return gate.send("GET", path, params={"variant": operation}, **request)
        case "create":
            family = "the wrong credentials"
            return gate.send("POST", "/videos", json=prompt, family=family, **request)
        case "remix":
            _skip_unless_remix(jobs)
            family = "the wrong credentials, to remix"
            path = f"{private(jobs).path}/remix"
            return gate.send("POST", path, json=prompt, family=family, **request)
        case _:
            return _delete(gate, jobs, **request)


def _delete(gate: Gate, jobs: Jobs, **request: Any) -> Exchange:
    """Delete a video of the run that is needed no longer; where that is refused, it must stay."""
    job = dispensable(gate, jobs)
    answer = gate.send("DELETE", job.path, **request)
    if answer.refused:
        after = gate.send("GET", job.path)
        if not after.ok:
            gate.note_gone(job.id)
        require(
            after.ok,
            expected=f"the video {job.id} to be there still, as deleting it was refused",
            seen=after.summary,
            exchange=answer,
        )
    return answer


def private(jobs: Jobs) -> Job:
    """Return a finished job that nobody else should see."""
    jobs.ended("plain")
    for name in ("plain", "form"):
        with contextlib.suppress(NotTested):
            return jobs.completed(name)
    raise Blocked("no job was completed (LIFE-001)")


def dispensable(gate: Gate, jobs: Jobs) -> Job:
    """Return a finished job that no later test needs."""
    jobs.ended("plain")
    gone = {made.id for made in gate.made if made.deleted}
    for name in ("defaults", "other", "form"):
        with contextlib.suppress(NotTested):
            job = jobs.completed(name)
            if job.id not in gone:
                return job
    raise Blocked("no job that was completed is left (LIFE-001)")


def _skip_unless_offered(jobs: Jobs, variant: str) -> None:
    answer = jobs.content(private(jobs).request.name, variant)
    if answer.status != 200:
        raise Unsupported(f"the server does not offer variant={variant}: {answer.summary}")


def _skip_unless_remix(jobs: Jobs) -> None:
    try:
        jobs.existing("remix")
    except NotTested as reason:
        raise Unsupported(f"remix was not tested: {reason}") from reason


def require_kept_out(gate: Gate, answer: Exchange, status: int, why: str) -> None:
    """Go on if an answer lets nobody in.

    Raises:
        Blocked: The operation fails for everybody (ERROR-002).
        Nonconformity: It has another status.
    """
    if answer.status >= 500 and gate.always_fails(answer):
        raise Blocked(f"the operation always fails (ERROR-002): {answer.summary}")
    require_status(answer, status, why)


@pytest.mark.requirement("AUTH-001")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_key_is_refused(gate: Gate, jobs: Jobs, key: str, operation: str) -> None:
    require_kept_out(gate, call(gate, jobs, operation, key=None), 401, "no key was sent")


@pytest.mark.requirement("AUTH-002")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_key_is_refused(
    gate: Gate, jobs: Jobs, wrong_key: str, any_key: bool, operation: str
) -> None:
    if any_key:
        raise Unsupported("the server takes any key as a tenant of its own")
    answer = call(gate, jobs, operation, key=wrong_key)
    require_kept_out(gate, answer, 401, "the key is nobody's")


@pytest.mark.requirement("AUTH-003")
@pytest.mark.parametrize("value", ["Basic b3BlbjpzZXNhbWU=", "Bearer", "Digest username=x"])
def test_another_scheme_is_refused(gate: Gate, key: str, value: str) -> None:
    answer = gate.send("GET", "/videos", key=None, headers={"Authorization": value})
    require_status(answer, 401, "there is no bearer token")


@pytest.mark.requirement("AUTH-004")
def test_the_error_for_a_wrong_key_has_its_code(gate: Gate, wrong_key: str, any_key: bool) -> None:
    if any_key:
        raise Unsupported("the server takes any key as a tenant of its own")
    answer = refusal(gate, "GET", "/videos", key=wrong_key)
    code = error_of(answer).get("code")
    expected = "the code invalid_api_key"
    require(code == "invalid_api_key", expected=expected, seen=answer.summary, exchange=answer)


@pytest.mark.requirement("AUTH-005")
@pytest.mark.parametrize(
    "operation", [name for name in OPERATIONS if name not in {"list", "create"}]
)
def test_another_keys_videos_are_not_found(
    gate: Gate, jobs: Jobs, stranger: str, operation: str
) -> None:
    answer = call(gate, jobs, operation, key=stranger)
    require_kept_out(gate, answer, 404, "the video is another key's")


@pytest.mark.requirement("AUTH-006")
def test_another_keys_videos_are_not_listed(gate: Gate, jobs: Jobs, stranger: str) -> None:
    jobs.existing("plain")
    answer = gate.send("GET", "/videos", params={"limit": 100}, key=stranger)
    found = set(listed_ids(answer))
    for job in jobs.all_made():
        require(
            job.id not in found,
            expected=f"a list without {job.id}, which another key made",
            seen=f"a list of {len(found)} videos with it",
            exchange=answer,
        )
