"""Keys: none, a wrong one, another scheme, and another tenant's."""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from openvideos_contract.checks.listing import listed_ids
from openvideos_contract.checks.refusals import error_of, refusal, require_status
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.offers import require_offered
from openvideos_contract.outcome import (
    Blocked,
    Nonconformity,
    NotRun,
    NotTested,
    Unsupported,
    require,
)
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

VARIANTS = ("thumbnail", "spritesheet")
# What is about a video of the run. Deleting comes last: where it is let in, a video is gone.
OF_A_VIDEO = ("retrieve", "content", *VARIANTS, "part", "remix", "edit", "extend", "delete")
OPERATIONS = ("list", "create", "create a character", "retrieve a character", *OF_A_VIDEO)
# Where an id is a field of the request: one that is unknown may be refused as any wrong field is.
NAMED_IN_THE_BODY = ("edit", "extend")
# Hosts from which no proxy on the way can keep a query in its log.
NEAR = frozenset({"localhost", "127.0.0.1", "::1"})


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
        case "part":
            headers = {"Range": "bytes=0-9"} | request.pop("headers", {})
            return gate.send("GET", f"{private(jobs).path}/content", headers=headers, **request)
        case "thumbnail" | "spritesheet":
            _skip_unless_offered(jobs, operation)
            path = f"{private(jobs).path}/content"
            return gate.send("GET", path, params={"variant": operation}, **request)
        case "create":
            family = "the wrong credentials"
            return gate.send("POST", "/videos", json=prompt, family=family, **request)
        case "remix":
            _skip_unless_made(jobs, "remix")
            family = "the wrong credentials, to remix"
            path = f"{private(jobs).path}/remix"
            return gate.send("POST", path, json=prompt, family=family, **request)
        case "edit" | "extend":
            _skip_unless_made(jobs, {"edit": "edit", "extend": "extension"}[operation])
            family = f"the wrong credentials, to {operation}"
            path = {"edit": "/videos/edits", "extend": "/videos/extensions"}[operation]
            body = {"video": {"id": private(jobs).id}, **prompt}
            return gate.send("POST", path, json=body, family=family, **request)
        case "create a character":
            character(jobs)
            film = jobs.whole_content(private(jobs).request.name)
            form = {"name": "Mira", "video": ("mira.mp4", film.content, film.media_type)}
            family = "the wrong credentials, to make a character"
            return gate.send("POST", "/videos/characters", form=form, family=family, **request)
        case "retrieve a character":
            return gate.send("GET", f"/videos/characters/{character(jobs)}", **request)
        case _:
            return _delete(gate, jobs, **request)


def _delete(gate: Gate, jobs: Jobs, **request: Any) -> Exchange:
    """Delete a video of the run that is needed no longer; where that is refused, it must stay."""
    job = dispensable(gate, jobs)
    answer = gate.send("DELETE", job.path, **request)
    if answer.status in {405, 501}:
        require_offered(gate, answer, "the deletion of videos")
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
    for name in ("plain", "multipart"):
        with contextlib.suppress(NotTested):
            return jobs.completed(name)
    raise Blocked("no job was completed (LIFE-001)")


def dispensable(gate: Gate, jobs: Jobs) -> Job:
    """Return a finished job that no later test needs."""
    jobs.ended("plain")
    gone = {made.id for made in gate.made if made.deleted}
    for name in ("defaults", "other", "multipart"):
        with contextlib.suppress(NotTested):
            job = jobs.completed(name)
            if job.id not in gone:
                return job
    jobs.require_room("multipart")  # or else the budget is why
    raise Blocked("no job that was completed is left (LIFE-001)")


def _skip_unless_offered(jobs: Jobs, variant: str) -> None:
    answer = jobs.content(private(jobs).request.name, variant)
    if answer.status != 200:
        raise Unsupported(f"the server does not offer variant={variant}: {answer.summary}")


def _skip_unless_made(jobs: Jobs, name: str) -> None:
    try:
        jobs.existing(name)
    except NotTested as reason:
        raise Unsupported(f"the job {name} was not made: {reason}") from reason


def character(jobs: Jobs) -> str:
    """Return the id of the run's character, as a segment of a path."""
    try:
        made = jobs.character().object.get("id")
    except (NotTested, Nonconformity) as reason:
        raise Unsupported(f"no character was made: {reason}") from reason
    if not isinstance(made, str) or not made:
        raise Unsupported("the character that was made has no id")
    return quote(made, safe="")


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
@pytest.mark.parametrize("operation", ["list", "retrieve", "content", "create"])
@pytest.mark.parametrize("value", ["Basic b3BlbjpzZXNhbWU=", "Bearer", "Digest username=x", ""])
def test_another_scheme_is_refused(
    gate: Gate, jobs: Jobs, key: str, value: str, operation: str
) -> None:
    answer = call(gate, jobs, operation, key=None, headers={"Authorization": value})
    require_kept_out(gate, answer, 401, "there is no bearer token")


@pytest.mark.requirement("AUTH-007")
@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_is_taken_in_any_case(gate: Gate, key: str, scheme: str) -> None:
    answer = gate.send("GET", "/videos", key=None, headers={"Authorization": f"{scheme} {key}"})
    require_status(answer, 200, "the scheme's name is case-insensitive")


@pytest.mark.requirement("AUTH-008")
@pytest.mark.parametrize("scheme", ["Basic", "Token"])
def test_the_key_after_another_scheme_is_refused(gate: Gate, key: str, scheme: str) -> None:
    answer = gate.send("GET", "/videos", key=None, headers={"Authorization": f"{scheme} {key}"})
    require_status(answer, 401, f"{scheme} is not the scheme Bearer")


@pytest.mark.requirement("AUTH-008")
@pytest.mark.parametrize("name", ["api_key", "key", "access_token"])
def test_the_key_in_the_query_is_refused(gate: Gate, key: str, name: str) -> None:
    if urlsplit(gate.configuration.base_url).hostname not in NEAR:
        raise Unsupported("a key is not put into a URL, which a server far away may log")
    answer = gate.send("GET", "/videos", params={name: key}, key=None)
    require_status(answer, 401, "a key in the query is no bearer token")


@pytest.mark.requirement("AUTH-009")
def test_a_missing_key_is_told_which_scheme_to_use(gate: Gate, key: str) -> None:
    answer = refusal(gate, "GET", "/videos", key=None)
    told = answer.header("www-authenticate")
    require(
        "bearer" in told.lower(),
        expected="WWW-Authenticate with Bearer",
        seen=f"{told or 'no WWW-Authenticate'}, {answer.status}",
        exchange=answer,
    )


@pytest.mark.requirement("AUTH-004")
def test_the_error_for_a_wrong_key_has_its_code(gate: Gate, wrong_key: str, any_key: bool) -> None:
    if any_key:
        raise Unsupported("the server takes any key as a tenant of its own")
    answer = refusal(gate, "GET", "/videos", key=wrong_key)
    code = error_of(answer).get("code")
    expected = "the code invalid_api_key"
    require(code == "invalid_api_key", expected=expected, seen=answer.summary, exchange=answer)


@pytest.mark.requirement("AUTH-005")
@pytest.mark.parametrize("operation", OF_A_VIDEO)
def test_another_keys_videos_are_not_found(
    gate: Gate, jobs: Jobs, stranger: str, operation: str
) -> None:
    answer = call(gate, jobs, operation, key=stranger)
    if operation in NAMED_IN_THE_BODY and answer.refused and answer.status not in {401, 403}:
        return
    require_kept_out(gate, answer, 404, "the video is another key's")


@pytest.mark.requirement("AUTH-006")
@pytest.mark.parametrize("order", ["desc", "asc"])
@pytest.mark.parametrize("after", [False, True], ids=["first-page", "after-ours"])
def test_another_keys_videos_are_not_listed(
    gate: Gate, jobs: Jobs, stranger: str, order: str, *, after: bool
) -> None:
    jobs.existing("plain")
    made = jobs.all_made()
    if not made:
        raise NotRun("the run made no video of its own")
    params: dict[str, Any] = {"limit": 100, "order": order}
    if after:
        params["after"] = made[0 if order == "asc" else -1].id
    answer = gate.send("GET", "/videos", params=params, key=stranger)
    if after and answer.refused:
        return
    found = set(listed_ids(answer))
    for job in made:
        require(
            job.id not in found,
            expected=f"a list without {job.id}, which another key made",
            seen=f"a list of {len(found)} videos with it",
            exchange=answer,
        )
