"""Every fault at every operation of both clients: what each must come to.

The server works as it should, but for one kind of request: there it commits the fault, once or
always. It notes what it was made to bill.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field, frozen

from openvideos import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    CreateUncertain,
    DownloadError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
    UnsupportedByServer,
    VideoExpired,
    WaitTimeout,
)

from .conftest import Connect, Serve
from .faulty_server import (
    Answer,
    Reply,
    Request,
    Reset,
    Silence,
    refusing_url,
)

MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 40
VIDEO = {"id": "video_1", "object": "video", "status": "completed", "progress": 100, "error": None}
QUEUED = {**VIDEO, "status": "queued", "progress": 0}
LIST = {"object": "list", "data": [VIDEO], "has_more": False}
DELETED = {"id": "video_1", "object": "video.deleted", "deleted": True}
HTML = {"Content-Type": "text/html"}
PAGE = b"<html><body><h1>502 Bad Gateway</h1></body></html>"

OPERATION_NAMES = ("create", "wait", "list", "download", "delete")
OK = "ok"
Outcome = str | type[Exception]


def refusal(status: int, **headers: str) -> Reply:
    error = {"message": "no", "type": "error", "param": None, "code": "made_up"}
    return Reply({"error": error}, status, {k.replace("_", "-"): v for k, v in headers.items()})


@frozen
class Case:
    """What a fault must come to.

    Attributes:
        fault: How the server answers.
        once: What comes of each operation when it does so once; those left out: all is well.
        always: What comes of each operation when it always does so.
        asks_again: Whether a create may be sent a second time.
    """

    fault: Answer
    always: dict[str, Outcome]
    once: dict[str, Outcome] = field(factory=dict)
    asks_again: bool = False


def lost(fault: Answer, kind: type[APIError] = APIConnectionError) -> Case:
    """A fault after which nobody knows whether the server did what it was asked for."""
    return Case(
        fault,
        once={"create": CreateUncertain},
        always={
            "create": CreateUncertain,
            "wait": WaitTimeout,
            "list": kind,
            "download": APIError,
            "delete": kind,
        },
    )


def down(fault: Answer) -> Case:
    """A server, or what stands before it, that cannot answer for now."""
    return Case(
        fault,
        once={"create": CreateUncertain},
        always={
            "create": CreateUncertain,
            "wait": WaitTimeout,
            "list": InternalServerError,
            "download": InternalServerError,
            "delete": InternalServerError,
        },
    )


def busy(fault: Answer, **other: Outcome) -> Case:
    """A server that wants to be asked later."""
    always = dict.fromkeys(("create", "list", "download", "delete"), RateLimitError)
    return Case(fault, always={**always, "wait": WaitTimeout}, once=other, asks_again=True)


def no(fault: Answer, kind: type[APIError], **once: Outcome) -> Case:
    """A refusal that will not pass."""
    outcomes: dict[str, Outcome] = dict.fromkeys(OPERATION_NAMES, kind)
    return Case(fault, once={**outcomes, **once}, always=outcomes)


def nonsense(fault: Answer, **other: Outcome) -> Case:
    """A success that tells nothing."""
    return Case(
        fault,
        once={"create": CreateUncertain, "list": APIResponseValidationError, **other},
        always={
            "create": CreateUncertain,
            "wait": WaitTimeout,
            "list": APIResponseValidationError,
            "download": DownloadError,
            "delete": OK,  # the video is gone, however that was said
            **other,
        },
    )


# The content of a video that is completed may be late for a moment.
LATE = {"download": OK}

CASES = {
    "connection reset": lost(Reset()),
    "no answer": lost(Silence(), APITimeoutError),
    "cut in the middle": lost(Reply(VIDEO, cut_after=10)),
    "500": down(refusal(500)),
    "502 HTML": down(Reply(PAGE, 502, HTML)),
    "503": down(refusal(503)),
    "503 with Retry-After": down(refusal(503, Retry_After="2")),
    "504": down(refusal(504)),
    "524 HTML": down(Reply(PAGE, 524, HTML)),
    "529": down(refusal(529)),
    "429": busy(refusal(429)),
    "429 with Retry-After": busy(refusal(429, Retry_After="2")),
    "429 for hours": busy(
        refusal(429, Retry_After="36000"),
        create=RateLimitError,
        list=RateLimitError,
        download=RateLimitError,
        delete=RateLimitError,
    ),
    "400": no(refusal(400), BadRequestError, **LATE),
    "401": no(refusal(401), AuthenticationError),
    "402": no(refusal(402), APIStatusError),
    "403": no(refusal(403), PermissionDeniedError),
    "404": no(refusal(404), NotFoundError, **LATE),
    "405": no(refusal(405), UnsupportedByServer),
    "410": Case(
        refusal(410),
        once={**dict.fromkeys(OPERATION_NAMES, APIStatusError), "download": VideoExpired},
        always={**dict.fromkeys(OPERATION_NAMES, APIStatusError), "download": VideoExpired},
    ),
    "422": no(refusal(422), UnprocessableEntityError),
    "501": no(refusal(501), UnsupportedByServer),
    # Of a gateway, it may tell of an upstream that did not answer in time.
    "408": Case(
        refusal(408),
        once={"create": CreateUncertain},
        always={
            **dict.fromkeys(("list", "download", "delete"), APIStatusError),
            "create": CreateUncertain,
            "wait": WaitTimeout,
        },
    ),
    "409": Case(
        refusal(409),
        once={"create": ConflictError, "list": ConflictError, "delete": ConflictError},
        always={
            **dict.fromkeys(("create", "list", "download", "delete"), ConflictError),
            "wait": WaitTimeout,
        },
    ),
    "HTML with 200": nonsense(
        Reply(PAGE, 200, HTML), download=DownloadError, delete=APIResponseValidationError
    ),
    "nothing with 200": nonsense(Reply(b"", 200), download=DownloadError),
    "null": nonsense(Reply(None), download=DownloadError),
    "a list in place of an object": nonsense(Reply([1, 2]), download=DownloadError),
    "broken JSON": nonsense(
        Reply(b'{"id": "vid', headers={"Content-Type": "application/json"}), download=DownloadError
    ),
    "redirects in a circle": Case(
        Reply(b"", 307, {"Location": "?again"}),
        always=dict.fromkeys(OPERATION_NAMES, APIError),
        asks_again=True,  # what was redirected was not done
    ),
}


@define
class Server:
    """Answers rightly, but for the requests of one operation."""

    operation: str
    fault: Answer
    times: float
    faults: int = 0
    billed: int = 0
    requests: list[str] = field(factory=list)

    def __call__(self, request: Request) -> Answer:
        operation = operation_of(request)
        self.requests.append(operation)
        faulty = operation == self.operation and self.faults < self.times
        if operation == "create" and not (faulty and refused(self.fault)):
            self.billed += 1
        if faulty:
            self.faults += 1
            return self.fault
        return {
            "create": Reply(QUEUED),
            "wait": Reply(VIDEO),
            "list": Reply(LIST),
            "download": Reply(MP4, headers={"Content-Type": "video/mp4", "ETag": '"one"'}),
            "delete": Reply(DELETED),
        }[operation]


def operation_of(request: Request) -> str:
    match request.method, request.path.removeprefix("/v1").split("/")[1:]:
        case "POST", _:
            return "create"
        case "DELETE", _:
            return "delete"
        case _, ["videos"]:
            return "list"
        case _, [*_, "content"]:
            return "download"
        case _:
            return "wait"


def refused(fault: Answer) -> bool:
    return isinstance(fault, Reply) and 300 <= fault.status < 500 and fault.status != 408


OPERATIONS: dict[str, Callable[[Any, Path], object]] = {
    "create": lambda client, _: client.videos.create(prompt="a cat").id,
    "wait": lambda client, _: client.videos.job("video_1").wait(max_wait=100).status,
    "list": lambda client, _: [video.id for video in client.videos.list()],
    "download": lambda client, target: client.videos.download("video_1", target).read_bytes(),
    "delete": lambda client, _: client.videos.delete("video_1").deleted,
}
RESULTS: dict[str, object] = {
    "create": "video_1",
    "wait": "completed",
    "list": ["video_1"],
    "download": MP4,
    "delete": True,
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("how_often", ["once", "always"])
@pytest.mark.parametrize(("name", "operation"), list(itertools.product(CASES, OPERATIONS)))
def test_a_fault_comes_to_what_it_must(
    connect: Connect, serve: Serve, tmp_path: Path, name: str, operation: str, how_often: str
) -> None:
    case = CASES[name]
    expected = (case.once if how_often == "once" else case.always).get(operation, OK)
    server = Server(operation, case.fault, times=1 if how_often == "once" else float("inf"))
    client = connect(serve(server).base_url, timeout=0.15)
    target = tmp_path / "video.mp4"
    target.write_bytes(b"what stood here before")

    if expected == OK:
        assert OPERATIONS[operation](client, target) == RESULTS[operation]
    else:
        assert isinstance(expected, type)
        with pytest.raises(expected):
            OPERATIONS[operation](client, target)
        assert target.read_bytes() == b"what stood here before"

    assert server.faults >= 1
    assert server.billed <= 1
    if not case.asks_again:
        assert server.requests.count("create") <= 1


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_server_that_is_not_there_was_asked_for_nothing(
    connect: Connect, tmp_path: Path, operation: str
) -> None:
    client = connect(refusing_url())
    expected = WaitTimeout if operation == "wait" else APIConnectionError
    with pytest.raises(expected) as caught:
        OPERATIONS[operation](client, tmp_path / "video.mp4")
    assert not isinstance(caught.value, CreateUncertain)
    assert not list(tmp_path.iterdir())
