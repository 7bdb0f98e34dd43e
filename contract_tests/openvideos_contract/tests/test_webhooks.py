"""Webhooks: what the server tells of a job's end without being asked."""

from __future__ import annotations

import time

import pytest

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.words import RUNNING
from openvideos_contract.outcome import Blocked, Unsupported, require
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.webhooks.delivery import Delivery
from openvideos_contract.webhooks.receiver import Receiver
from openvideos_contract.webhooks.signatures import TOLERANCE_SECONDS
from openvideos_contract.wire.gate import Gate

# So much later may one of a server's machines know what another does.
KNOWN_EVERYWHERE_AFTER = 1.0
# Attempts that are so near to each other may be of the same second.
CLOCK_SECONDS = 2.0
# For so long after the last webhook a needless repetition is waited for.
WATCHED_SECONDS = 0.3
ENDS = {"completed": "video.completed", "failed": "video.failed"}


@pytest.fixture
def ended(webhooks: Receiver, jobs: Jobs, gate: Gate) -> list[Job]:
    """The jobs of the run that came to an end, of whose ends webhooks are awaited."""
    jobs.ended("plain")
    made = {made.id for made in gate.made}
    found = [job for job in jobs.all_made() if job.id in made and job.ended is not None]
    if not found:
        raise Blocked("no job that the run made has ended (LIFE-001)")
    return found


@pytest.fixture
def told(webhooks: Receiver, ended: list[Job], configuration: Configuration) -> list[Delivery]:
    """What came about these jobs, in order, after it was waited for."""
    first = [webhook_about(webhooks, job, configuration) for job in ended]
    found = [one for job in ended for one in webhooks.deliveries(job.id)]
    if not any(first):
        raise Blocked(f"no webhook came to {webhooks.url} (WEBHOOK-001)")
    return sorted(found, key=lambda delivery: delivery.received_at)


def webhook_about(webhooks: Receiver, job: Job, configuration: Configuration) -> Delivery | None:
    """Return the first webhook about a job, None where none came in time."""
    until = seen_to_end_at(job) + configuration.webhook_timeout
    return webhooks.wait(lambda delivery: True, job.id, until)


def seen_to_end_at(job: Job) -> float:
    """Return when the job was first seen at its end, in Unix seconds."""
    return job.polls[job.first_end].sent_at if job.first_end < len(job.polls) else time.time()


@pytest.fixture
def repeated(
    webhooks: Receiver, told: list[Delivery], configuration: Configuration
) -> tuple[Delivery, Delivery]:
    """A webhook that was answered 500 on purpose, and its repetition."""
    refused = refused_one(webhooks)
    again = repetition(webhooks, refused, configuration)
    if again is None:
        raise Blocked("the webhook that was answered 500 was not sent again (WEBHOOK-007)")
    return refused, again


def refused_one(webhooks: Receiver) -> Delivery:
    """Return a webhook that was answered 500 on purpose."""
    refused = webhooks.refused()
    if not refused:
        raise Blocked("no webhook with an id came that could be answered 500 (WEBHOOK-005)")
    return refused[0]


def repetition(
    webhooks: Receiver, refused: Delivery, configuration: Configuration
) -> Delivery | None:
    """Return what came after a webhook about the same video, None where nothing came in time."""
    until = refused.received_at + configuration.webhook_timeout
    return webhooks.wait(
        lambda delivery: delivery.received_at > refused.received_at, refused.video_id, until
    )


@pytest.mark.requirement("WEBHOOK-001")
def test_every_end_is_told(
    webhooks: Receiver, ended: list[Job], configuration: Configuration
) -> None:
    for job in ended:
        require(
            webhook_about(webhooks, job, configuration) is not None,
            expected=f"a webhook about {job.id}, {job.request.purpose}, at {webhooks.url} within "
            f"--webhook-timeout {configuration.webhook_timeout:g} s of its end",
            seen="none",
            exchange=job.polls[-1] if job.polls else job.created,
        )


@pytest.mark.requirement("WEBHOOK-002")
def test_an_end_is_one_event(told: list[Delivery]) -> None:
    for delivery in told:
        ids = list(dict.fromkeys(one.id for one in told if one.video_id == delivery.video_id))
        require(
            len(ids) == 1,
            expected=f"one webhook-id for the end of {delivery.video_id}",
            seen=f"{len(ids)}: {', '.join(ids)}",
        )


@pytest.mark.requirement("WEBHOOK-003")
def test_the_type_is_that_of_the_end(ended: list[Job], told: list[Delivery]) -> None:
    ends = {job.id: str((job.ended or {}).get("status")) for job in ended}
    for delivery in told:
        wanted = ENDS[ends[delivery.video_id]]
        require(
            delivery.event.get("type") == wanted,
            expected=f"the type {wanted}, as the job is {ends[delivery.video_id]}",
            seen=delivery.summary,
        )


@pytest.mark.requirement("WEBHOOK-004")
def test_an_event_has_the_shape_of_the_contract(
    webhooks: Receiver, ended: list[Job], contract: Contract, configuration: Configuration
) -> None:
    for job in ended:
        webhook_about(webhooks, job, configuration)
    # Also those that do not name their video where they should.
    came = webhooks.mentioning([job.id for job in ended])
    if not came:
        raise Blocked(f"no webhook came to {webhooks.url} (WEBHOOK-001)")
    schema = contract.validator({"$ref": "#/components/schemas/WebhookEvent"})
    for delivery in came:
        problems = "; ".join(problem.message for problem in schema.iter_errors(delivery.event))
        require(not problems, expected="a WebhookEvent", seen=f"{problems}: {delivery.summary}")
        kind = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
        require(
            kind == "application/json",
            expected="the Content-Type application/json",
            seen=delivery.summary,
        )


@pytest.mark.requirement("WEBHOOK-005")
def test_a_webhook_has_the_headers_of_the_standard(told: list[Delivery]) -> None:
    for delivery in told:
        missing = [
            name
            for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
            if not delivery.headers.get(name)
        ]
        require(
            not missing,
            expected="the headers webhook-id, webhook-timestamp and webhook-signature",
            seen=f"no {', '.join(missing)}: {delivery.summary}",
        )
        away = abs((delivery.timestamp or 0) - delivery.received_at)
        require(
            delivery.timestamp is not None and away <= TOLERANCE_SECONDS,
            expected=f"a webhook-timestamp in Unix seconds, at most {TOLERANCE_SECONDS} s from "
            f"{delivery.received_at:.0f}, when it came",
            seen=delivery.summary,
        )


@pytest.mark.requirement("WEBHOOK-006")
def test_every_signature_is_valid(webhooks: Receiver, told: list[Delivery]) -> None:
    if not webhooks.verifies:
        raise Unsupported("the secret is not known; give --webhook-secret")
    for delivery in told:
        require(
            not delivery.flaw,
            expected="a signature that Standard Webhooks verifies with --webhook-secret",
            seen=f"{delivery.flaw}: {delivery.summary}",
        )


@pytest.mark.requirement("WEBHOOK-007")
def test_a_webhook_that_is_answered_500_is_sent_again(
    webhooks: Receiver, told: list[Delivery], configuration: Configuration
) -> None:
    refused = refused_one(webhooks)
    require(
        repetition(webhooks, refused, configuration) is not None,
        expected="the webhook again, as it was answered 500, within --webhook-timeout "
        f"{configuration.webhook_timeout:g} s",
        seen=f"nothing after {refused.summary}",
    )


@pytest.mark.requirement("WEBHOOK-008")
def test_what_is_sent_again_is_the_same_event(repeated: tuple[Delivery, Delivery]) -> None:
    refused, again = repeated
    require(
        again.id == refused.id,
        expected=f"the webhook-id of the first attempt, {refused.id}",
        seen=again.summary,
    )
    require(
        again.event == refused.event,
        expected=f"the event of the first attempt, {refused.summary}",
        seen=again.summary,
    )


@pytest.mark.requirement("WEBHOOK-008")
def test_what_is_sent_again_has_a_time_of_its_own(repeated: tuple[Delivery, Delivery]) -> None:
    refused, again = repeated
    if refused.timestamp is None or again.timestamp is None:
        raise Blocked("a webhook-timestamp is missing (WEBHOOK-005)")
    passed = again.received_at - refused.received_at
    if passed <= CLOCK_SECONDS:
        raise Unsupported(f"it came {passed:.1f} s later, too soon to tell the two times apart")
    require(
        again.timestamp > refused.timestamp,
        expected=f"a webhook-timestamp later than {refused.timestamp}, as it came {passed:.0f} s "
        "after the first attempt",
        seen=again.summary,
    )


@pytest.mark.requirement("WEBHOOK-009")
def test_what_was_acknowledged_is_not_sent_again(
    webhooks: Receiver, ended: list[Job], told: list[Delivery]
) -> None:
    left = told[-1].received_at + WATCHED_SECONDS - time.time()
    if left > 0:
        time.sleep(left)
    for job in ended:
        came = webhooks.deliveries(job.id)
        done = [delivery for delivery in came if delivery.acknowledged]
        after = [one for one in done[1:] if one.id == done[0].id]
        require(
            not after,
            expected=f"no repetition, as the webhook was answered {done[0].answer}" if done else "",
            seen=f"{after[0].summary} again" if after else "",
        )


@pytest.mark.requirement("WEBHOOK-010")
def test_a_webhook_does_not_come_before_the_end(
    gate: Gate, ended: list[Job], told: list[Delivery]
) -> None:
    jobs = {job.id: job for job in ended}
    came: dict[str, float] = {}
    for delivery in told:
        came.setdefault(delivery.video_id, delivery.received_at)
    earliest = told[0].video_id
    time.sleep(max(0.0, came[earliest] + KNOWN_EVERYWHERE_AFTER - time.time()))
    asked = [(video_id, poll) for video_id in came for poll in jobs[video_id].polls]
    for video_id, poll in [*asked, (earliest, gate.send("GET", jobs[earliest].path))]:
        later = poll.sent_at - came[video_id]
        require(
            later < KNOWN_EVERYWHERE_AFTER or poll.object.get("status") not in RUNNING,
            expected=f"the end of {video_id}, which a webhook told {later:.1f} s before",
            seen=poll.summary,
            exchange=poll,
        )


@pytest.mark.requirement("WEBHOOK-011")
def test_the_time_of_an_event_is_that_of_the_end(ended: list[Job], told: list[Delivery]) -> None:
    starts = {job.id: job.video.get("created_at") for job in ended}
    for delivery in told:
        happened, start = delivery.event.get("created_at"), starts[delivery.video_id]
        if not isinstance(start, int | float):
            raise Blocked(f"the created_at of {delivery.video_id} is no time (LIFE-005): {start!r}")
        latest = delivery.received_at + TOLERANCE_SECONDS
        require(
            isinstance(happened, int | float) and start <= happened <= latest,
            expected=f"a created_at from {start:.0f}, when the job was created, to "
            f"{delivery.received_at:.0f}, when the webhook came",
            seen=delivery.summary,
        )


@pytest.mark.requirement("WEBHOOK-012")
def test_no_two_events_have_the_same_id(told: list[Delivery]) -> None:
    owners: dict[tuple[str, str], str] = {}
    for delivery in told:
        names = {"webhook-id": delivery.id, "id of the event": str(delivery.event.get("id") or "")}
        for kind, value in names.items():
            if not value:
                continue
            first = owners.setdefault((kind, value), delivery.video_id)
            require(
                first == delivery.video_id,
                expected=f"another {kind} than that of the webhook about {first}",
                seen=delivery.summary,
            )
