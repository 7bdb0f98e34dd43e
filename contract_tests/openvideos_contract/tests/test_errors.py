"""Unknown ids, odd ids, and what the API does not have."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from openvideos_contract.checks.answers import envelope_problems
from openvideos_contract.checks.refusals import error_of, refusal, refused, require_status
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, NotTested, Unsupported, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path

UNKNOWN = "no video has this id"


@pytest.mark.requirement("RETRIEVE-004")
def test_retrieving_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("GET", video_path(nobody)), 404, UNKNOWN)


@pytest.mark.requirement("CONTENT-005")
def test_the_content_of_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("GET", video_path(nobody, "content")), 404, UNKNOWN)


@pytest.mark.requirement("DELETE-007")
def test_deleting_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("DELETE", video_path(nobody)), 404, UNKNOWN)


BEFORE = (".", "..", "../", "/", " ", "-", "%", "\0", "{", "é")
AFTER = (
    "?",
    "#",
    "%2F",
    "a/b",
    "a b",
    "..%2f..",
    "/../..",
    "\\..",
    "%00",
    "\0",
    "\r\nx-injected: 1",
    "é",
    "漢字",
    "\U0001f3ac",
    "'\"<>",
    "' OR '1'='1",
    "%s%n${jndi:x}{{7*7}}",
    ":=@",
    "0",
    "x" * 10_000,
)
ODD = {f"before-{quote(text)}": (text, "") for text in BEFORE} | {
    f"after-{quote(text)[:12]}-{len(text)}": ("", text) for text in AFTER
}


@pytest.fixture(params=list(ODD.values()), ids=list(ODD))
def odd_id(request: pytest.FixtureRequest, nobody: str) -> str:
    """An id that nobody has, with something odd before or after it."""
    before, after = request.param
    return f"{before}{nobody}{after}"


@pytest.mark.requirement("RETRIEVE-005")
def test_an_odd_id_is_refused(gate: Gate, odd_id: str) -> None:
    refused(gate, "GET", video_path(odd_id), why=UNKNOWN)


@pytest.mark.requirement("ERROR-011")
def test_the_content_of_an_odd_id_is_refused(gate: Gate, odd_id: str) -> None:
    refused(gate, "GET", video_path(odd_id, "content"), why=UNKNOWN)


@pytest.mark.requirement("ERROR-011")
def test_deleting_an_odd_id_is_refused(gate: Gate, odd_id: str) -> None:
    refused(gate, "DELETE", video_path(odd_id), why=UNKNOWN)


@pytest.mark.requirement("REMIX-013")
def test_remixing_an_odd_id_is_refused(gate: Gate, jobs: Jobs, nobody: str, odd_id: str) -> None:
    jobs.existing("remix")
    path = video_path(odd_id, "remix")
    refused(gate, "POST", path, family="an odd id to remix", json={"prompt": nobody})


@pytest.mark.requirement("ERROR-002")
@pytest.mark.parametrize(
    "prompt",
    ["x", " ", "\0", "x" * 32_000, "x" * 32_001, "\U0001f3ac"],
    ids=lambda prompt: f"{prompt[:1]!r}-{len(prompt)}",
)
def test_no_prompt_of_a_remix_breaks_the_server(
    gate: Gate, jobs: Jobs, nobody: str, prompt: str
) -> None:
    try:
        jobs.existing("remix")
    except NotTested as reason:
        raise Unsupported(f"remix was not tested: {reason}") from reason
    answer = gate.send(
        "POST", video_path(nobody, "remix"), json={"prompt": prompt}, family="an odd id to remix"
    )
    require(answer.status < 500, expected="no 5xx", seen=answer.summary, exchange=answer)


# Each of these is refused for its seconds, or the lack of a prompt, so that none can cost a job.
@pytest.mark.requirement("ERROR-002")
@pytest.mark.parametrize(
    "body",
    [
        b'{"prompt": "\\u0000", "seconds": "abc"}',
        b'{"prompt": "\\ud800", "seconds": "abc"}',
        b'{"prompt": "x", "seconds": "\\ud800"}',
        b'{"prompt": "x", "seconds": "\\u0000"}',
        b'{"prompt": "x", "seconds": "abc", "model": "\\u0000"}',
        b'{"prompt": "x", "seconds": "' + b"9x" * 5_000 + b'"}',
        b'{"prompt": "x", "seconds": {"$gt": ""}}',
        b'{"prompt": "x", "seconds": "abc", "size": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"prompt": 1e999, "seconds": "abc"}',
        b'{"prompt": NaN, "seconds": "abc"}',
        b'{"seconds": "abc", "seconds": "abc"}',
        b'\xef\xbb\xbf{"seconds": "abc"}',
    ],
    ids=[
        "NUL-prompt",
        "surrogate-prompt",
        "surrogate-seconds",
        "NUL-seconds",
        "NUL-model",
        "long-seconds",
        "object-seconds",
        "deep",
        "infinite",
        "NaN",
        "repeated",
        "BOM",
    ],
)
def test_no_hostile_json_breaks_the_server(gate: Gate, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = gate.send("POST", "/videos", content=body, headers=headers, family="hostile JSON")
    require(answer.status < 500, expected="no 5xx", seen=answer.summary, exchange=answer)


@pytest.mark.requirement("ERROR-002")
@pytest.mark.parametrize(
    "headers",
    [
        'form-data; name="input_reference"; filename="../../../../etc/passwd"',
        'form-data; name="input_reference"; filename="a\0b.png"',
        'form-data; name="input_reference"; filename="\\";\\"; name=\\"prompt"',
        "form-data; name=\"input_reference\"; filename*=UTF-8''%00%ff%2e%2e",
        'form-data; name="input_reference"; filename="' + "x" * 3_000 + '.png"',
        'form-data; filename="x.png"',
        "form-data",
        'attachment; name="prompt',
        'form-data; name="prompt"\r\nContent-Transfer-Encoding: base64',
        'form-data; name="__proto__[prompt]"',
    ],
    ids=["path", "NUL", "quotes", "extended", "long", "nameless", "bare", "open", "coded", "proto"],
)
def test_no_hostile_part_breaks_the_server(gate: Gate, headers: str) -> None:
    body = (
        f"--limit\r\nContent-Disposition: {headers}\r\n\r\n\r\n"
        '--limit\r\nContent-Disposition: form-data; name="seconds"\r\n\r\nabc\r\n--limit--\r\n'
    )
    answer = gate.send(
        "POST",
        "/videos",
        content=body.encode(),
        headers={"Content-Type": "multipart/form-data; boundary=limit"},
        family="a hostile part of a form",
    )
    require(answer.status < 500, expected="no 5xx", seen=answer.summary, exchange=answer)


@pytest.mark.requirement("ERROR-002")
@pytest.mark.parametrize(
    "query",
    [
        "limit=%00",
        "limit=1&limit=2",
        "limit=9" + "9" * 400,
        "limit=%FF",
        "after=%00",
        "after=%FF",
        "after=" + "x" * 5_000,
        "order=%00",
        "order[]=asc",
        "after[$ne]=1",
        "limit=\uff11",
        "limit=1e1",
    ],
    ids=lambda query: quote(query)[:24],
)
def test_no_hostile_query_breaks_the_server(gate: Gate, query: str) -> None:
    answer = gate.send("GET", f"/videos?{query}")
    require(answer.status < 500, expected="no 5xx", seen=answer.summary, exchange=answer)


@pytest.mark.requirement("ERROR-006")
@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_a_refusal_repeats_no_key(gate: Gate, nobody: str, scheme: str) -> None:
    if gate.configuration.api_key is None:
        raise Unsupported("the run has no key: the server is taken to have none")
    # Nobody's key, as a log that a stranger reads may hold any.
    key = f"sk-{nobody}-that-nobody-may-read"
    answer = gate.send("GET", "/videos", key=None, headers={"Authorization": f"{scheme} {key}"})
    shown = answer.content + "".join(answer.response.headers.values()).encode()
    require(
        key.encode() not in shown,
        expected="a refusal that does not repeat the key that was sent",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("ERROR-009")
@pytest.mark.parametrize(
    ("fields", "family"),
    [({"prompt": ""}, "an empty prompt"), ({"prompt": "x", "size": "axb"}, "a size that is none")],
    ids=["prompt", "size"],
)
def test_a_refused_create_is_an_invalid_request(
    gate: Gate, fields: dict[str, str], family: str
) -> None:
    answer = refusal(gate, "POST", "/videos", json=fields, family=family)
    kind = error_of(answer).get("type")
    require(
        kind == "invalid_request_error",
        expected="the type invalid_request_error",
        seen=answer.summary,
        exchange=answer,
    )


def misuse(gate: Gate, method: str, *path: str) -> Exchange:
    """Return the answer to a method that the path does not have."""
    family = f"the method {method}, which the path does not have"
    return gate.send(method, video_path(*path) if path else "/videos", family=family)


@pytest.mark.requirement("ERROR-007")
@pytest.mark.parametrize(
    ("method", "below", "there"),
    [("PUT", None, {"GET", "POST"}), ("PATCH", (), {"GET"}), ("POST", ("content",), {"GET"})],
    ids=["videos", "video", "content"],
)
def test_a_method_that_is_not_there_is_not_allowed(
    gate: Gate, nobody: str, method: str, below: tuple[str, ...] | None, there: set[str]
) -> None:
    answer = misuse(gate, method, *(() if below is None else (nobody, *below)))
    if answer.status == 501 and method not in {"GET", "POST", "DELETE"}:
        return  # as a method that the server does not know at all is answered
    allowed = {word.strip().upper() for word in answer.header("allow").split(",")}
    require(
        answer.status == 405 and there <= allowed and method not in allowed,
        expected=f"405, and an Allow with {' and '.join(sorted(there))} and without {method}",
        seen=f"Allow {answer.header('allow') or 'missing'}, {answer.summary}",
        exchange=answer,
    )


@pytest.mark.requirement("ERROR-008")
@pytest.mark.parametrize("method", ["PATCH", "GET"])
def test_what_is_not_there_is_refused_in_the_envelope(
    gate: Gate, contract: Contract, nobody: str, method: str
) -> None:
    # An unknown method of a known path, and an unknown path.
    answer = misuse(gate, method, nobody, *([nobody] if method == "GET" else []))
    if not answer.refused:
        raise Blocked(f"it was not refused (ERROR-007): {answer.summary}")
    for expected, seen, _ in envelope_problems(contract, answer):
        require(False, expected=expected, seen=seen, exchange=answer)
