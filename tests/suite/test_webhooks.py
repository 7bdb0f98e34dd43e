"""The receiver of webhooks: what it keeps, what it refuses on purpose, and how it verifies."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
import standardwebhooks
from hypothesis import example, given
from hypothesis import strategies as st

from openvideos_contract.settings.configuration import Configuration, ConfigurationError
from openvideos_contract.webhooks.receiver import Receiver
from openvideos_contract.webhooks.signatures import flaw

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
OTHER_SECRET = "whsec_YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3Rz"
VERIFIER = standardwebhooks.Webhook(SECRET)
URL = "http://127.0.0.1:9/v1"


def configured(listen: str = "127.0.0.1:0", secret: str | None = SECRET) -> Configuration:
    return Configuration(base_url=URL, webhook_listen=listen, webhook_secret=secret)


@pytest.fixture
def receiving() -> Iterator[Callable[..., Receiver]]:
    """Starts receivers; the videos whose ids begin with own_ are those of the run."""
    started: list[Receiver] = []

    def start(
        is_own: Callable[[str], bool] = lambda video_id: video_id.startswith("own_"),
        secret: str | None = SECRET,
    ) -> Receiver:
        started.append(Receiver(configured(secret=secret), is_own))
        started[-1].start()
        return started[-1]

    yield start
    for receiver in started:
        receiver.close()


def event_about(video_id: str) -> bytes:
    event = {"id": f"evt_{video_id}", "object": "event", "created_at": int(time.time())}
    return json.dumps(event | {"type": "video.completed", "data": {"id": video_id}}).encode()


def signed(
    webhook_id: str, body: bytes, secret: str = SECRET, when: float | None = None
) -> dict[str, str]:
    time_of_attempt = datetime.fromtimestamp(when or time.time(), UTC)
    signature = standardwebhooks.Webhook(secret).sign(webhook_id, time_of_attempt, body.decode())
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(time_of_attempt.timestamp())),
        "webhook-signature": signature,
    }


def deliver(receiver: Receiver, video_id: str, webhook_id: str = "") -> int:
    """Send a webhook about a video, and return how it was answered."""
    body = event_about(video_id)
    headers = signed(webhook_id or f"wh_{video_id}", body)
    url = f"{receiver.url}any/path"
    return httpx.post(url, content=body, headers=headers, trust_env=False).status_code


def test_the_first_webhook_of_the_run_is_refused_once_and_whatever_follows_is_acknowledged(
    receiving: Callable[..., Receiver],
) -> None:
    receiver = receiving()
    answers = [deliver(receiver, video) for video in ("own_1", "own_1", "own_2", "own_3", "own_1")]
    assert answers[0] == 500
    assert set(answers[1:]) == {200, 202, 204}
    first, again, third = receiver.deliveries("own_1")
    assert receiver.refused() == [first]
    assert (first.acknowledged, again.acknowledged, third.acknowledged) == (False, True, True)
    assert first.id == again.id == "wh_own_1"
    assert first.event["data"] == {"id": "own_1"}
    assert not any(delivery.flaw for delivery in (first, again, third))


def test_webhooks_about_the_videos_of_others_are_refused_a_few_times_at_most(
    receiving: Callable[..., Receiver],
) -> None:
    receiver = receiving()
    answers = [deliver(receiver, f"theirs_{number}") for number in range(6)]
    assert answers.count(500) == 3
    assert receiver.refused() == []
    assert deliver(receiver, "theirs_0") != 500
    # However many of them come, one of the run's is refused.
    assert deliver(receiver, "own_1") == 500


def test_a_webhook_that_comes_before_its_video_is_known_counts_once_it_is(
    receiving: Callable[..., Receiver],
) -> None:
    known: set[str] = set()
    receiver = receiving(known.__contains__)
    assert deliver(receiver, "own_1") == 500
    known.add("own_1")
    assert [delivery.video_id for delivery in receiver.refused()] == ["own_1"]
    assert deliver(receiver, "own_2") != 500


def test_a_body_in_chunks_is_read_whole(receiving: Callable[..., Receiver]) -> None:
    receiver = receiving()
    body = event_about("own_1")
    pieces = iter([body[:7], body[7:]])
    headers = signed("wh_1", body)
    httpx.post(receiver.url, content=pieces, headers=headers, trust_env=False)
    (delivery,) = receiver.deliveries("own_1")
    assert (delivery.body, delivery.flaw) == (body, "")


def test_what_is_no_webhook_is_refused_and_not_kept(receiving: Callable[..., Receiver]) -> None:
    receiver = receiving()
    assert httpx.get(receiver.url, trust_env=False).status_code == 405
    assert httpx.post(receiver.url, content=b"x" * 2**21, trust_env=False).status_code == 413
    assert httpx.post(receiver.url, content=b"no JSON", trust_env=False).status_code == 200
    assert len(receiver.deliveries("")) == 1


def test_no_more_is_kept_than_a_run_can_look_through(
    receiving: Callable[..., Receiver], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openvideos_contract.webhooks.receiver._MOST_BYTES", 300)
    receiver = receiving()
    answers = [deliver(receiver, "of others", str(number)) for number in range(9)]
    assert set(answers) <= {200, 202, 204, 500}
    assert len(receiver.deliveries("of others")) == 300 // len(event_about("of others"))


def test_a_webhook_that_names_its_video_in_a_wrong_place_is_found(
    receiving: Callable[..., Receiver],
) -> None:
    receiver = receiving()
    for name in ("own_1", "theirs_1"):
        httpx.post(receiver.url, json={"video": {"id": name}}, trust_env=False)
    assert receiver.deliveries("own_1") == []
    (found,) = receiver.mentioning(["own_1", "own_2"])
    assert found.event == {"video": {"id": "own_1"}}


def test_a_webhook_ends_the_waiting_for_it(receiving: Callable[..., Receiver]) -> None:
    receiver = receiving()
    later = threading.Timer(0.1, deliver, (receiver, "own_1"))
    later.start()
    found = receiver.wait(lambda delivery: True, "own_1", time.time() + 20)
    later.join()
    assert found is not None
    assert found.id == "wh_own_1"
    assert receiver.wait(lambda delivery: delivery.acknowledged, "own_1", time.time()) is None
    assert receiver.wait(lambda delivery: True, "own_2", time.time()) is None


def test_without_a_secret_nothing_is_verified(receiving: Callable[..., Receiver]) -> None:
    receiver = receiving(secret=None)
    deliver(receiver, "own_1")
    assert not receiver.verifies
    assert receiver.deliveries("own_1")[0].flaw is None


BODY = event_about("own_1")


@pytest.mark.parametrize(
    ("body", "secret", "age", "changed", "found"),
    [
        (BODY, SECRET, 0, {}, ""),
        (BODY, SECRET, 0, {"webhook-id": "wh_2"}, "No matching signature"),
        (BODY, OTHER_SECRET, 0, {}, "No matching signature"),
        (BODY + b" ", SECRET, 0, {}, "No matching signature"),
        (BODY, SECRET, 1000, {}, "too old"),
        (BODY, SECRET, -1000, {}, "too new"),
        (BODY, SECRET, 0, {"webhook-signature": ""}, "Missing"),
    ],
)
def test_only_a_fresh_signature_of_this_very_body_is_valid(
    body: bytes, secret: str, age: float, changed: dict[str, str], found: str
) -> None:
    # Signed here: where many tests run, what was signed as they were collected is old by now.
    seen = flaw(VERIFIER, signed("wh_1", body, secret, when=time.time() - age) | changed, BODY)
    assert (found in seen) if found else (seen == "")


def test_any_of_several_signatures_may_be_the_valid_one() -> None:
    headers = signed("wh_1", BODY)
    other = signed("wh_1", BODY, OTHER_SECRET)["webhook-signature"]
    headers["webhook-signature"] = f"{other} v2,QUJD {headers['webhook-signature']}"
    assert flaw(VERIFIER, headers, BODY) == ""


@given(signature=st.text(), timestamp=st.text(), body=st.binary())
@example(signature="v1", timestamp=str(int(time.time())), body=BODY)
@example(signature="v1,é", timestamp=str(int(time.time())), body=BODY)
@example(signature="v1,QUJD", timestamp=str(int(time.time())), body=b"\xff")
@example(signature="v1,QUJD", timestamp="nan", body=BODY)
@example(signature="v1,QUJD", timestamp="1e999", body=BODY)
def test_whatever_stands_in_the_headers_is_found_invalid(
    signature: str, timestamp: str, body: bytes
) -> None:
    headers = {"webhook-id": "wh_1", "webhook-timestamp": timestamp, "webhook-signature": signature}
    assert flaw(VERIFIER, headers, body)


def test_an_address_that_is_in_use_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        receiver = Receiver(configured(listen=listen), lambda video_id: True)
        with pytest.raises(ConfigurationError, match=f"{listen} cannot be listened at: .*in use"):
            receiver.start()
