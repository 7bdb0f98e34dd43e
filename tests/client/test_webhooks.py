"""A webhook is believed only where it is signed, whole and of now; then it is a typed event."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import (
    AsyncOpenVideos,
    InvalidInput,
    InvalidWebhookPayload,
    InvalidWebhookSignatureError,
    OpenVideos,
    UnknownEvent,
    VideoCompletedEvent,
    VideoFailedEvent,
    WebhookError,
    Webhooks,
    WebhookTimestampError,
)

from .fake_clock import EPOCH, FakeClock

KEY = b"a key of twenty-four byte"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
EVENT = {
    "id": "evt_1",
    "object": "event",
    "created_at": 1_800_000_000,
    "type": "video.completed",
    "data": {"id": "video_1"},
}
BODY = json.dumps(EVENT)
WEBHOOKS = Webhooks(SECRET, _now=lambda: EPOCH)


def signature(body: str | bytes, *, id_: str, timestamp: str, key: bytes = KEY) -> str:
    """Sign as the specification says, without the library that is under test."""
    content = body if isinstance(body, bytes) else body.encode()
    digest = hmac.new(key, f"{id_}.{timestamp}.".encode() + content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def headers(body: str | bytes, *, age: float = 0, key: bytes = KEY) -> dict[str, str]:
    timestamp = str(int(EPOCH - age))
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(body, id_="msg_1", timestamp=timestamp, key=key),
    }


@pytest.mark.parametrize("body", [BODY, BODY.encode()])
def test_a_finished_video_is_told_as_a_typed_event(body: str | bytes) -> None:
    event = WEBHOOKS.unwrap(body, headers(body))
    assert isinstance(event, VideoCompletedEvent)
    assert (event.id, event.object, event.type) == ("evt_1", "event", "video.completed")
    assert (event.created_at, event.data.id) == (1_800_000_000, "video_1")
    assert event.raw == EVENT


def test_a_failed_video_is_told_as_another_one() -> None:
    body = json.dumps({**EVENT, "type": "video.failed"})
    event = WEBHOOKS.unwrap(body, headers(body))
    assert isinstance(event, VideoFailedEvent)
    assert event.data.id == "video_1"


@pytest.mark.parametrize("more", [{}, {"data": {"id": 7}}, {"data": None, "created_at": "soon"}])
def test_an_event_of_an_unknown_type_is_no_error(more: dict[str, Any]) -> None:
    sent = {"id": "evt_2", "type": "video.expired", **more}
    body = json.dumps(sent)
    event = WEBHOOKS.unwrap(body, headers(body))
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.created_at, event.raw) == ("video.expired", None, sent)
    assert event.data == more.get("data")


def test_the_example_of_the_specification_is_verified() -> None:
    sent = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    webhooks = Webhooks("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", _now=lambda: 1614265330)
    webhooks.verify_signature('{"test": 2432232314}', sent)
    with pytest.raises(InvalidWebhookSignatureError):
        webhooks.verify_signature('{"test": 2432232315}', sent)


def test_headers_may_be_in_any_case_and_any_one_of_several_signatures_may_match() -> None:
    sent = headers(BODY)
    wrong = headers(BODY, key=b"the key before this one")["webhook-signature"]
    sent["webhook-signature"] = f"{wrong} v1a,x nonsense {sent['webhook-signature']}"
    WEBHOOKS.unwrap(BODY, {name.title(): value for name, value in sent.items()})


def test_a_secret_without_its_prefix_is_the_key_itself_as_in_the_official_sdk() -> None:
    Webhooks(_now=lambda: EPOCH).unwrap(BODY, headers(BODY), secret=KEY.decode())


def test_a_body_that_was_parsed_already_is_not_taken() -> None:
    parsed: Any = EVENT
    with pytest.raises(InvalidInput, match="type dict; it must be the body as it came"):
        WEBHOOKS.unwrap(parsed, headers(BODY))


@pytest.mark.parametrize("age", [301, -301, 1e6])
def test_an_old_webhook_and_one_of_the_future_are_refused_by_their_own_error(age: float) -> None:
    with pytest.raises(WebhookTimestampError, match="up to 300 s"):
        WEBHOOKS.unwrap(BODY, headers(BODY, age=age))


@pytest.mark.parametrize("age", [299, -299])
def test_clocks_may_differ_by_five_minutes(age: float) -> None:
    WEBHOOKS.unwrap(BODY, headers(BODY, age=age))


def test_another_tolerance_may_be_asked_for() -> None:
    WEBHOOKS.verify_signature(BODY, headers(BODY, age=900), tolerance=1000)
    with pytest.raises(WebhookTimestampError, match="20 s old"):
        WEBHOOKS.verify_signature(BODY, headers(BODY, age=20), tolerance=10)
    with pytest.raises(WebhookTimestampError):
        WEBHOOKS.verify_signature(BODY, headers(BODY, age=20), tolerance=float("nan"))


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(int(EPOCH) - 1)},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": "v1,\udcff"},
        {"webhook-id": "msg_\udcff"},
        {"webhook-signature": "v1,AAAA,BBBB"},
        {"webhook-id": ""},
        {"webhook-signature": ""},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "now"},
        {"webhook-timestamp": "9" * 40},
    ],
)
def test_what_is_not_signed_so_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(InvalidWebhookSignatureError) as caught:
        WEBHOOKS.unwrap(BODY, {**headers(BODY), **change})
    assert not isinstance(caught.value, WebhookTimestampError)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_body_passes_under_the_signature_of_another(signed: bytes, sent: bytes) -> None:
    try:
        WEBHOOKS.verify_signature(sent, headers(signed))
    except InvalidWebhookSignatureError:
        assert signed != sent or not _is_text(sent)
    else:
        assert signed == sent


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"id": "evt_1"}',
        '{"id": 1, "type": "video.completed"}',
        '{"id": "evt_1", "type": "video.completed"}',
        '{"id": "evt_1", "type": "video.failed", "data": {}}',
        '{"id": "evt_1", "type": "video.failed", "data": "video_1"}',
        "[" * 100_000,
    ],
)
def test_a_signed_body_that_is_no_event_has_its_own_error(body: str) -> None:
    with pytest.raises(InvalidWebhookPayload) as caught:
        WEBHOOKS.unwrap(body, headers(body))
    assert isinstance(caught.value, WebhookError)


@pytest.mark.parametrize("kind", [OpenVideos, AsyncOpenVideos])
@pytest.mark.parametrize("given_as", ["argument", "option", "ours", "official"])
def test_the_secret_comes_from_the_call_the_client_or_the_environment(
    kind: Any, given_as: str, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    client = kind(base_url="http://host/v1", _clock=clock.clock)
    with pytest.raises(InvalidInput, match="OPENVIDEOS_WEBHOOK_SECRET"):
        client.webhooks.unwrap(BODY, headers(BODY))
    if given_as == "ours":
        monkeypatch.setenv("OPENVIDEOS_WEBHOOK_SECRET", SECRET)
        monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", "whsec_AAAA")
    if given_as == "official":
        monkeypatch.setenv("OPENAI_WEBHOOK_SECRET", SECRET)
    secret = SECRET if given_as == "option" else None
    client = kind(base_url="http://host/v1", webhook_secret=secret, _clock=clock.clock)
    argument = SECRET if given_as == "argument" else None
    assert client.webhooks.unwrap(BODY, headers(BODY), secret=argument)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_A", "whsec_!", "whsec_ÄÖ"])
def test_a_secret_that_is_none_is_refused_and_never_shown(secret: str) -> None:
    with pytest.raises(InvalidInput, match="no base64") as caught:
        WEBHOOKS.unwrap(BODY, headers(BODY), secret=secret)
    assert secret.removeprefix("whsec_") == "" or secret not in str(caught.value)


def test_no_error_and_no_repr_shows_the_secret() -> None:
    shown = [repr(WEBHOOKS)]
    for body, sent in ((BODY, headers(BODY, key=b"x")), ("{", headers("{")), (BODY, {})):
        with pytest.raises(WebhookError) as caught:
            WEBHOOKS.unwrap(body, sent)
        shown.append(str(caught.value))
    assert not any(SECRET in text or SECRET[6:] in text or KEY.decode() in text for text in shown)


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "standardwebhooks", None)
    with pytest.raises(InvalidInput, match=r"openvideos\[webhooks\]"):
        WEBHOOKS.unwrap(BODY, headers(BODY))
