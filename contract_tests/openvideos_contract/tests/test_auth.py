"""Keys: none, a wrong one, another scheme, and another tenant's."""

from __future__ import annotations

from typing import Any

import pytest

from openvideos_contract.configuration import Configuration
from openvideos_contract.gate import Gate, video_path
from openvideos_contract.jobs import Job, Jobs
from openvideos_contract.outcome import Blocked, NotTested, Unsupported, require
from openvideos_contract.refusals import error_of, require_status

OPERATIONS = ("list", "retrieve", "content", "delete", "create", "remix")


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
def stranger(configuration: Configuration, any_key: bool, wrong_key: str) -> str:
    """Another tenant's key."""
    if configuration.second_api_key is not None:
        return configuration.second_api_key
    if any_key:
        return wrong_key
    raise Unsupported("no second key is at hand; give --second-api-key")


def call(gate: Gate, jobs: Jobs, operation: str, nobody: str, **request: Any) -> Any:
    """Call an operation in a way that does no harm if it is let in."""
    prompt = {"prompt": f"[{nobody}] with the wrong credentials"}
    match operation:
        case "list":
            return gate.send("GET", "/videos", **request)
        case "retrieve":
            return gate.send("GET", jobs.existing("plain").path, **request)
        case "content":
            return gate.send("GET", f"{jobs.existing('plain').path}/content", **request)
        case "delete":
            return gate.send("DELETE", video_path(nobody), **request)
        case "create":
            family = "the wrong credentials"
            return gate.send("POST", "/videos", json=prompt, family=family, **request)
        case _:
            _skip_unless_remix(jobs)
            family = "the wrong credentials, to remix"
            path = video_path(nobody, "remix")
            return gate.send("POST", path, json=prompt, family=family, **request)


def _skip_unless_remix(jobs: Jobs) -> None:
    try:
        jobs.existing("remix")
    except NotTested as reason:
        raise Unsupported(f"remix was not tested: {reason}") from reason


@pytest.mark.requirement("AUTH-001")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_key_is_refused(gate: Gate, jobs: Jobs, nobody: str, key: str, operation: str) -> None:
    require_status(call(gate, jobs, operation, nobody, key=None), 401)


@pytest.mark.requirement("AUTH-002")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_wrong_key_is_refused(
    gate: Gate, jobs: Jobs, nobody: str, wrong_key: str, any_key: bool, operation: str
) -> None:
    if any_key:
        raise Unsupported("the server takes any key as a tenant of its own")
    require_status(call(gate, jobs, operation, nobody, key=wrong_key), 401)


@pytest.mark.requirement("AUTH-003")
@pytest.mark.parametrize("value", ["Basic b3BlbjpzZXNhbWU=", "Bearer", "Digest username=x"])
def test_another_scheme_is_refused(gate: Gate, key: str, value: str) -> None:
    answer = gate.send("GET", "/videos", key=None, headers={"Authorization": value})
    require_status(answer, 401)


@pytest.mark.requirement("AUTH-004")
def test_the_error_for_a_wrong_key_has_its_code(gate: Gate, wrong_key: str, any_key: bool) -> None:
    if any_key:
        raise Unsupported("the server takes any key as a tenant of its own")
    answer = gate.send("GET", "/videos", key=wrong_key)
    code = error_of(answer).get("code")
    expected = "the code invalid_api_key"
    require(code == "invalid_api_key", expected=expected, seen=answer.summary, exchange=answer)


@pytest.fixture(scope="module")
def private(jobs: Jobs) -> Job:
    """A finished job that another key should not see."""
    jobs.ended("plain")
    for name in ("form", "plain"):
        try:
            return jobs.completed(name)
        except NotTested:
            continue
    raise Blocked("no job was completed (LIFE-001)")


@pytest.mark.requirement("AUTH-005")
@pytest.mark.parametrize(
    ("method", "below"), [("GET", ""), ("GET", "/content"), ("POST", "/remix"), ("DELETE", "")]
)
def test_another_keys_videos_are_not_found(
    gate: Gate, jobs: Jobs, private: Job, stranger: str, method: str, below: str
) -> None:
    request: dict[str, Any] = {}
    if method == "POST":
        _skip_unless_remix(jobs)
        request = {"json": {"prompt": private.id}, "family": "another key's video"}
    require_status(gate.send(method, private.path + below, key=stranger, **request), 404)


@pytest.mark.requirement("AUTH-006")
def test_another_keys_videos_are_not_listed(gate: Gate, jobs: Jobs, stranger: str) -> None:
    ours = {jobs.existing("plain").id}
    answer = gate.send("GET", "/videos", params={"limit": 100}, key=stranger)
    data = answer.accepted("2xx and a list of videos").get("data")
    ids = {video.get("id") for video in data or [] if isinstance(video, dict)}
    require(
        not ids & ours, expected="none of the first key's videos", seen=ids & ours, exchange=answer
    )
