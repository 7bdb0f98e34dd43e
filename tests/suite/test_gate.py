"""The gate: what leaves it, what it counts, what it deletes and what it shows."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from openvideos_contract.checks.answers import Kind
from openvideos_contract.outcome import Blocked, BudgetExhausted, Nonconformity, Prohibited
from openvideos_contract.running.conform import conform
from openvideos_contract.wire.gate import Gate, video_path

MakeGate = Callable[..., Gate]


def test_no_more_jobs_are_started_than_the_budget_allows(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url, max_videos=2)
    gate.send("POST", "/videos", json={"prompt": "one"})
    gate.send("POST", video_path("own_0", "remix"), json={"prompt": "two"})
    for method in ("POST", "PUT", "PATCH"):
        for path in ("/videos", "/videos/edits", "/videos/characters", "//videos/"):
            with pytest.raises(BudgetExhausted, match="--max-videos 2"):
                gate.send(method, path, json={"prompt": "three"}, family="three")
    assert len(lenient.accepted) == gate.budget.spent == 2


def test_a_refused_request_costs_nothing(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url, max_videos=1)
    lenient.answer = lambda method, path: (400, {"error": {}})
    for _ in range(3):
        assert gate.send("POST", "/videos", json={"prompt": "x"}).refused
    assert gate.budget.spent == 0


def test_a_lost_answer_counts_as_a_job(serve_raw: Callable[..., str], gate_to: MakeGate) -> None:
    gate = gate_to(serve_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), max_videos=1)
    with pytest.raises(Nonconformity, match="a whole answer"):
        gate.send("POST", "/videos", json={"prompt": "x"})
    assert gate.budget.left == 0


@pytest.mark.parametrize("status", [303, 500, 502, 504, 524])
def test_a_job_that_was_started_behind_an_answer_that_hides_it_is_counted_or_found(
    lenient: Any, gate_to: MakeGate, status: int
) -> None:
    lenient.keeps_prompts = True
    for found in lenient.videos.values():
        found["prompt"] = "of others"
    usual = lenient.answer

    def hidden(method: str, path: str) -> tuple[int, Any]:
        answer: tuple[int, Any] = usual(method, path)
        return (status, {}) if method == "POST" else answer

    lenient.answer = hidden
    gate = gate_to(lenient.base_url, max_videos=1)
    prompt = f"[{gate.configuration.run_id}] x"
    assert gate.send("POST", "/videos", json={"prompt": prompt}).status == status
    assert gate.budget.spent == (status != 500)
    assert gate.delete_made() == []
    assert set(lenient.videos) == {"own_0", "own_1", "own_2"}


def test_an_answer_without_an_end_is_given_up(
    serve_raw: Callable[..., str], gate_to: MakeGate
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    gate = gate_to(serve_raw(head + b" " * (9 * 2**20)))
    with pytest.raises(Nonconformity, match="more than 8388608 bytes of application/json"):
        gate.send("GET", "/videos")


def test_what_was_accepted_wrongly_is_deleted_at_once_and_not_sent_again(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    gate.current_test = "the first test"
    gate.send("POST", "/videos", json={"prompt": ""}, family="an empty prompt")
    assert lenient.log[-1] == ("DELETE", "/v1/videos/made_0")
    with pytest.raises(Blocked, match="an empty prompt before, in the first test"):
        gate.send("POST", "/videos", json={"prompt": ""}, family="an empty prompt")
    gate.send("POST", "/videos", json={}, family="no prompt")
    assert len(lenient.accepted) == 2


def test_nothing_is_deleted_that_the_run_did_not_make(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    for path in ("/videos/own_0", "/videos/own_0/", "/videos/%6fwn_0", "/videos/", "/videos"):
        with pytest.raises(Prohibited):
            gate.send("DELETE", path)
    assert gate.send("DELETE", video_path(f"video_{gate.configuration.run_id}")).status == 404
    made = gate.send("POST", "/videos", json={"prompt": "x"}).video()["id"]
    assert gate.send("DELETE", video_path(made)).ok
    assert {"own_0", "own_1", "own_2"} <= set(lenient.videos)


def test_a_create_answered_with_somebody_elses_video_does_not_get_it_deleted(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    gate.send("GET", "/videos")
    usual = lenient.answer
    lenient.answer = lambda method, path: (
        (200, {"id": "own_1", "object": "video"}) if method == "POST" else usual(method, path)
    )
    gate.send("POST", "/videos", json={"prompt": ""}, family="an empty prompt")
    with pytest.raises(Prohibited):
        gate.send("DELETE", video_path("own_1"))
    gate.delete_made()
    assert "own_1" in lenient.videos
    assert not [path for method, path in lenient.log if method == "DELETE"]


def test_a_run_looks_who_is_there_before_it_takes_a_video_for_its_own(lenient: Any) -> None:
    usual = lenient.answer
    lenient.answer = lambda method, path: (
        (200, lenient.videos["own_1"]) if method == "POST" else usual(method, path)
    )
    conform({"base_url": lenient.base_url, "only": {"CREATE-001"}}, ["core"])
    assert "own_1" in lenient.videos


def test_a_video_that_is_listed_before_its_create_is_answered_is_the_runs(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    usual = lenient.answer

    def listed_at_once(method: str, path: str) -> tuple[int, Any]:
        answer: tuple[int, Any] = usual(method, path)
        if method == "POST":
            assert gate.send("GET", "/videos").ok
        return answer

    lenient.answer = listed_at_once
    gate.send("POST", "/videos", json={"prompt": "x"})
    assert gate.delete_made() == []
    assert set(lenient.videos) == {"own_0", "own_1", "own_2"}


def test_an_id_with_a_slash_is_deleted_and_its_end_is_not_taken_for_another(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    answer = lenient.answer

    def renamed(method: str, path: str) -> tuple[int, Any]:
        status, body = answer(method, path.replace("openai%3Aa%2Fb%3D%3D", "made_0"))
        return status, body | {"id": "openai:a/b=="} if method == "POST" else body

    lenient.answer = renamed
    gate.send("POST", "/videos", json={"prompt": "x"})
    gate.send("GET", video_path("openai:a/b=="))
    assert {about for about, _, _ in gate.videos} == {"openai:a/b=="}
    with pytest.raises(Prohibited):
        gate.send("DELETE", video_path("own_0/openai:a/b=="))
    assert gate.delete_made() == []
    assert set(lenient.videos) == {"own_0", "own_1", "own_2"}


@pytest.mark.parametrize(
    "made",
    [".", "..", "x" * 100_000, "half of a \ud800 letter", "\0", "a\r\nb"],
    ids=["dot", "dots", "long", "half", "nul", "lines"],
)
def test_an_id_of_any_shape_is_deleted_or_left_over_and_breaks_nothing(
    lenient: Any, gate_to: MakeGate, made: str
) -> None:
    usual = lenient.answer
    lenient.answer = lambda method, path: (
        (200, {"id": made, "object": "video"}) if method == "POST" else usual(method, path)
    )
    gate = gate_to(lenient.base_url)
    answer = gate.send("POST", "/videos", json={"prompt": "x"})
    with contextlib.suppress(Nonconformity):
        gate.send("GET", video_path(answer.video()["id"]))
    gate.delete_made()
    assert gate.budget.spent == 1
    assert set(lenient.videos) == {"own_0", "own_1", "own_2"}


def test_all_that_was_made_is_deleted_at_the_end_the_latest_first(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    for prompt in "abc":
        gate.send("POST", "/videos", json={"prompt": prompt})
    gate.send("DELETE", "/videos/made_1")
    assert gate.delete_made() == []
    deletions = [path for method, path in lenient.log if method == "DELETE"]
    assert deletions == [f"/v1/videos/made_{number}" for number in (1, 2, 0)]
    assert set(lenient.videos) == {"own_0", "own_1", "own_2"}


def test_what_cannot_be_deleted_is_named(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    gate.send("POST", "/videos", json={"prompt": "x"})
    lenient.answer = lambda method, path: (405, {})
    assert [made.id for made in gate.delete_made()] == ["made_0"]


def test_a_running_job_is_deleted_once_it_has_ended(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    gate.send("POST", "/videos", json={"prompt": "x"})
    answer, refusals = lenient.answer, iter([409])
    lenient.answer = lambda method, path: (
        (status, {}) if (status := next(refusals, None)) else answer(method, path)
    )
    assert gate.delete_made() == []


def test_curl_sends_the_request_again_and_shows_no_key(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    exchange = gate.send(
        "POST", "/videos", json={"prompt": 'it\'s $HOME `x` "q" sk-secret-of-the-test'}
    )
    curl = exchange.curl
    assert "sk-secret" not in curl
    assert "sk-secret" not in repr(gate.configuration)
    assert "sk-secret" not in repr(exchange)
    words = shlex.split(curl.replace("$OPENVIDEOS_API_KEY", "sk-secret-of-the-test"))
    assert words[-1] == f"{lenient.base_url}/videos"
    assert words[words.index("-X") + 1] == "POST"
    assert "authorization: Bearer sk-secret-of-the-test" in words


def test_a_word_in_place_of_a_key_is_masked_as_a_key_only(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url, api_key="x")
    exchange = gate.send("POST", "/videos", json={"prompt": "x marks it"})
    assert '"authorization: Bearer $OPENVIDEOS_API_KEY"' in exchange.curl
    assert "x marks it" in exchange.curl
    assert not [found for found in gate.found if found.kind is Kind.LEAK]


def test_what_is_not_offered_is_not_held_against_the_server(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    lenient.answer = lambda method, path: (404, {"detail": "Not Found"})
    first = gate.send("POST", "/videos/own_0/remix", json={"prompt": "x"})
    gate.send("GET", "/videos/nobody")
    gate.forgive(first)
    assert {found.operation for found in gate.found} == {"retrieve_video"}


def test_curl_carries_bytes_that_are_no_text(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    exchange = gate.send("POST", "/videos", content=b"\xff\x00")
    assert exchange.curl.startswith("echo /wA= | base64 -d | curl")


def test_a_form_is_multipart_even_without_a_file(lenient: Any, gate_to: MakeGate) -> None:
    request = gate_to(lenient.base_url).send("POST", "/videos", form={"prompt": "é"}).request
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert 'name="prompt"\r\n' in request.content.decode()


def test_every_answer_is_held_against_the_contract(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    lenient.videos["own_0"]["seconds"] = 4
    gate.send("GET", "/videos/own_0")
    gate.send("GET", "/videos/nobody")
    lenient.answer = lambda method, path: (500, {"error": "Traceback (most recent call last)"})
    gate.send("GET", "/videos")
    found = {violation.kind for violation in gate.found}
    assert found == {Kind.BODY, Kind.ENVELOPE, Kind.SERVER_ERROR, Kind.REQUEST_ID, Kind.LEAK}
    wrong_shape = next(found for found in gate.found if found.kind is Kind.BODY)
    assert wrong_shape.operation == "retrieve_video"
    assert wrong_shape.seen.startswith("at seconds: 4 is not of type")


def test_what_only_the_router_refuses_is_no_violation_of_an_operation(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    lenient.answer = lambda method, path: (405, {"detail": "Method Not Allowed"})
    gate.send("PUT", "/videos", family="a method that is not there")
    gate.send("GET", "/videos/a/b")
    assert Kind.ENVELOPE not in {found.kind for found in gate.found}


def test_a_whole_number_with_a_fraction_is_seen_though_its_shape_is_right(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    lenient.videos["own_0"]["progress"] = 100.0
    gate.send("GET", "/videos/own_0")
    gate.send("GET", "/videos")
    found = [found for found in gate.found if found.kind is not Kind.REQUEST_ID]
    assert {found.kind for found in found} == {Kind.NUMBER}
    assert {found.operation for found in found} == {"retrieve_video", "list_videos"}
    assert found[0].seen == "progress: 100.0"


def test_an_operation_that_always_fails_is_told_apart(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    real = lenient.answer
    lenient.answer = lambda method, path: (500, {})
    assert gate.always_fails(gate.send("GET", "/videos/own_0", key=None))
    lenient.answer = real
    assert not gate.always_fails(gate.send("GET", "/videos/nobody"))


def test_a_slow_answer_is_cut_off_in_bounded_time(
    gate_to: MakeGate, serve_raw: Callable[..., str]
) -> None:
    gate = gate_to(serve_raw(b""), request_timeout=1.0)
    with pytest.raises(Nonconformity) as caught:
        gate.send("GET", "/videos")
    assert isinstance(caught.value.__cause__, httpx.TimeoutException)


def test_a_server_that_is_gone_blocks_the_rest_at_once(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    gate.send("GET", "/videos")
    gate.close()
    gate = gate_to("http://127.0.0.1:9/v1")
    with pytest.raises(Nonconformity, match="no connection after GET"):
        gate.send("GET", "/videos")
    with pytest.raises(Blocked, match="no longer accepts connections"):
        gate.send("GET", "/videos")


def test_the_users_headers_and_query_go_with_every_request(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(
        lenient.base_url,
        headers=(("x-team", "videos"), ("api-key", "sk-elsewhere")),
        query=(("custom_llm_provider", "openai"), ("limit", "7")),
    )
    plain = gate.send("GET", "/videos").request
    assert (plain.headers["x-team"], plain.headers["api-key"]) == ("videos", "sk-elsewhere")
    assert plain.url.query == b"custom_llm_provider=openai&limit=7"
    own = gate.send("GET", "/videos", params={"limit": 1}, headers={"X-Team": "mine"}).request
    assert own.headers["x-team"] == "mine"
    assert own.url.query == b"limit=1&custom_llm_provider=openai"
    raw = httpx.Request("GET", f"{lenient.base_url}/videos/a%2Fb?x=%20")
    sent = gate.pass_through(raw, key=gate.configuration.api_key).request
    assert sent.url.raw_path == b"/v1/videos/a%2Fb?x=%20&custom_llm_provider=openai&limit=7"
    assert sent.headers["api-key"] == "sk-elsewhere"


@pytest.mark.parametrize("key", [None, "sk-another-key"])
def test_a_request_without_the_users_key_has_it_in_no_header(
    lenient: Any, gate_to: MakeGate, key: str | None
) -> None:
    gate = gate_to(lenient.base_url, headers=(("api-key", "sk-elsewhere"), ("x-team", "videos")))
    sent = gate.send("GET", "/videos", key=key).request
    assert "api-key" not in sent.headers
    assert sent.headers["x-team"] == "videos"


def test_the_users_headers_and_query_are_shown_to_nobody(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(
        lenient.base_url,
        headers=(("api-key", "sk-in-a-header"),),
        query=(("token", "sk-in-the-query"),),
    )
    lenient.videos["own_0"]["prompt"] = "sk-in-a-header"
    shown = gate.send("GET", "/videos/own_0")
    for text in (shown.curl, shown.summary, repr(shown), repr(gate.configuration)):
        assert "sk-in" not in text
    assert "$OPENVIDEOS_HEADER_API_KEY" in shown.curl
    assert "$OPENVIDEOS_QUERY_TOKEN" in shown.curl


def test_a_video_that_is_downloaded_twice_is_kept_once(lenient: Any, gate_to: MakeGate) -> None:
    lenient.film = bytes(range(256)) * 400
    gate = gate_to(lenient.base_url)
    first, again = (gate.send("GET", "/videos/own_0/content").content for _ in range(2))
    assert first == lenient.film
    assert first is again
    assert [exchange.content for exchange in gate.exchanges] == [first, again]
