"""Finds out, before anything costs anything, whether there is something to test."""

from __future__ import annotations

import ssl

import attrs
import httpx

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.offers import without_path
from openvideos_contract.jobs.reused import reused
from openvideos_contract.outcome import Blocked, Nonconformity, shorten
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path, was_reset

LONGEST_WAIT = 10.0


class CouldNotRun(Exception):
    """There is nothing to test; the message is one sentence that says why, and what to do."""


def preflight(configuration: Configuration, contract: Contract) -> None:
    """Go on if a Videos API answers and takes the key.

    Raises:
        CouldNotRun: No answer, not this API, or not with this key.
        ConfigurationError: The video to reuse is not there, or not completed.
    """
    wait = min(configuration.request_timeout, LONGEST_WAIT)
    # A server that is busy now is told of, and not waited for.
    hurried = attrs.evolve(configuration, request_timeout=wait, job_timeout=1.0, max_videos=0)
    gate = Gate(hurried, contract)
    try:
        _look(gate, configuration)
        if configuration.reuse_video is not None:
            reused(gate, configuration.reuse_video)
    finally:
        gate.close()


def _look(gate: Gate, configuration: Configuration) -> None:
    url = configuration.base_url
    listed = _ask(gate, "/videos", url, limit="1")
    if listed.status in {401, 403}:
        why = f"the server answered {listed.status}: {_message(listed)}"
        raise CouldNotRun(f"{url} {_key_problem(configuration, why)}")
    if listed.media_type == "text/html":
        raise CouldNotRun(
            f"{url} answers with a web page ({listed.status}, text/html) and not with an API: "
            f"check the base URL, which often ends in /v1{_hint(gate, url)}"
        )
    if listed.status in {502, 503, 504}:
        raise CouldNotRun(f"{url} is not ready: it answered {listed.status}; try again later")
    if listed.ok and listed.json() is not None:
        return
    nobody = _ask(gate, video_path(f"video_{configuration.run_id}"), url)
    nowhere = _ask(gate, f"/{configuration.run_id}", url)
    if nobody.status == 404 and without_path(nobody) == without_path(nowhere):
        raise CouldNotRun(
            f"there is no Videos API at {url}: it answered {listed.status} to GET {url}/videos; "
            f"check the base URL, which often ends in /v1{_hint(gate, url)}"
        )
    if listed.json() is None and nobody.json() is None:
        kind = listed.media_type or "no Content-Type"
        raise CouldNotRun(
            f"{url} does not answer in JSON ({listed.status}, {kind}): check the base URL"
        )


def _ask(gate: Gate, path: str, url: str, **params: str) -> Exchange:
    try:
        return gate.send("GET", path, params=params or None)
    except Blocked as busy:
        raise CouldNotRun(f"{url} is not ready: it answered 429; try again later") from busy
    except Nonconformity as failure:
        cause = failure.__cause__
        why = shorten(str(cause) or type(cause).__name__, 200)
        unreachable = isinstance(cause, httpx.ConnectError | httpx.ConnectTimeout)
        if unreachable and _is_of_tls(cause):
            raise CouldNotRun(
                f"no connection to {url} can be trusted ({why}): check the base URL, and whether "
                f"it is https and has a certificate that this machine knows"
            ) from failure
        if unreachable and not was_reset(cause):
            raise CouldNotRun(
                f"no server answers at {url} ({why}): check the base URL, and whether it is running"
            ) from failure
        if isinstance(cause, httpx.TimeoutException):
            limit = gate.configuration.request_timeout
            raise CouldNotRun(
                f"{url} takes connections, and did not answer within {limit:g} s: "
                "is the server stuck, or is it another service?"
            ) from failure
        if isinstance(cause, httpx.TooManyRedirects):
            raise CouldNotRun(f"{url} redirects without an end: check the base URL") from failure
        raise CouldNotRun(
            f"{url} closed the connection without a whole answer ({why}): does it speak HTTP, "
            f"and is it {url.partition(':')[0]}?"
        ) from failure


def _is_of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _key_problem(configuration: Configuration, why: str) -> str:
    """Return what is wrong with the key, and what to do."""
    if configuration.api_key is not None:
        return f"does not take this key: {why}; check --api-key"
    if configuration.headers or configuration.query:
        sent = " and ".join(
            flag
            for flag, given in (
                ("--header", configuration.headers),
                ("--query", configuration.query),
            )
            if given
        )
        return f"does not take what it was sent in place of a key: {why}; check {sent}"
    if configuration.no_auth:
        return f"wants a key: {why}; leave out --no-auth, or give --header 'NAME: KEY' beside it"
    return f"wants a key: {why}; give --api-key"


def _message(answer: Exchange) -> str:
    body = answer.json()
    error = body.get("error") if isinstance(body, dict) else None
    text = error.get("message") if isinstance(error, dict) else None
    return shorten(text, 200) if isinstance(text, str) else answer.summary


def _hint(gate: Gate, url: str) -> str:
    """Return words that name the base URL with /v1, where the API answers there."""
    if url.endswith("/v1"):
        return ""
    try:
        answer = gate.send("GET", "/v1/videos")
    except (Nonconformity, Blocked):
        return ""
    found = answer.media_type == "application/json" and (answer.ok or answer.status == 401)
    return f"; did you mean {url}/v1?" if found else ""
