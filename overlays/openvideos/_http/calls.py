"""One request to make, as plain data, with what its answer means."""

from __future__ import annotations

import enum
import json
import re
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar, cast

from attrs import evolve, field, frozen

from .._errors import InvalidInput
from .._flows.flows import send
from .._settings import checked_headers, checked_names, laid_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import BinaryIO

    from .._flows.flows import Flow
    from .responses import Response
    from .transport import TimeLimit

T = TypeVar("T", covariant=True)
U = TypeVar("U")


class NotGiven(enum.Enum):
    """Stands for an argument that was left out, where None means something."""

    NOT_GIVEN = "not given"

    def __repr__(self) -> str:
        return "NOT_GIVEN"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN

# The official SDK's other names for it.
Omit = NotGiven
omit: Final = NOT_GIVEN
not_given: Final = NOT_GIVEN

# What an argument may be that can be left out in every way that the official SDK knows.
Omittable: TypeAlias = U | NotGiven | None


def given(value: object) -> Any:
    """Return the value of an argument that may be left out in both ways; None where it is."""
    return None if isinstance(value, NotGiven) else value


def is_success(response: Response) -> bool:
    """Tell whether the status is 2xx: what answers most calls."""
    return response.is_success


_SECRETS = re.compile(r"(?<=//)[^/?#]*@|[?#].*")  # of an address


@frozen
class Call(Generic[T]):
    """One request to make.

    Attributes:
        arguments: What an httpx client's `build_request` takes; `url` is below the base URL.
        decode: Makes the result of an answer.
        creates: Whether it creates something that is billed, so that it must not run twice.
        repeatable: Whether the server makes one of it all the same if it is sent twice.
        asks_for: What a job that it creates shall be: its prompt, model, size and seconds, where
            they are given; None where it creates no job.
        alternative: The same request with its body as the other of form and JSON, for servers that
            cannot read this one; None where another body could be misunderstood.
        answers: Tells whether an answer is one that `decode` reads.
        timeout: How long the request may take; left out, the client's own.
        uploads: Files that were opened for it, to be closed after it.
        brings_file: Whether the answer is a file, of whatever size.
        exchange: How it is sent and its answer read; left out, to the end.
    """

    arguments: Mapping[str, Any] = field(repr=False)
    decode: Callable[[Response], T]
    creates: bool = False
    repeatable: bool = False
    asks_for: Mapping[str, str] | None = field(default=None, repr=False)
    alternative: Call[T] | None = field(default=None, repr=False)
    answers: Callable[[Response], bool] = is_success
    timeout: TimeLimit | NotGiven = NOT_GIVEN
    uploads: tuple[BinaryIO, ...] = ()
    brings_file: bool = False
    exchange: Callable[[Call[Any]], Flow[Response]] = send

    @property
    def name(self) -> str:
        """The method and the path, as errors and logs tell them."""
        # An address that a server gave may hold a signature or a password.
        address = _SECRETS.sub("", self.arguments["url"])
        return f"{self.method} {address}"

    @property
    def method(self) -> str:
        """The HTTP method, in capitals."""
        return str(self.arguments["method"]).upper()

    def decoded_by(self, decode: Callable[[Response], U]) -> Call[U]:
        """Return the same request with another meaning of its answer."""
        other = cast("Call[Any] | None", self.alternative)
        other = other and other.decoded_by(decode)
        return evolve(cast("Call[Any]", self), decode=decode, alternative=other)

    def exchanged_by(self, exchange: Callable[[Call[Any]], Flow[Response]]) -> Call[T]:
        """Return the same request, sent in another way."""
        other = self.alternative and self.alternative.exchanged_by(exchange)
        return evolve(self, exchange=exchange, alternative=other)

    def close(self) -> None:
        """Close the files that were opened for the call."""
        for upload in self.uploads:
            upload.close()


def call(
    arguments: dict[str, Any],
    decode: Callable[[Response], T],
    *,
    extra_headers: Mapping[str, str] | None,
    extra_query: Mapping[str, object] | None,
    extra_body: Mapping[str, object] | None,
    timeout: TimeLimit | NotGiven,
    **more: Any,
) -> Call[T]:
    """Return a call with the user's own headers, query parameters and body fields laid over it.

    Raises:
        InvalidInput: A header or a field cannot be sent.
    """
    made = Call(arguments=arguments, decode=decode, timeout=timeout, **more)
    try:
        if extra_headers:
            own = checked_headers(extra_headers)
            arguments["headers"] = laid_over(arguments.get("headers", {}), own)
        if extra_query:
            own_query = checked_names(extra_query, "extra_query")
            arguments["params"] = {**arguments.get("params", {}), **own_query}
        if extra_body:
            _extend_body(arguments, checked_names(extra_body, "extra_body"))
    except (TypeError, ValueError) as error:
        made.close()
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"extra_body cannot be sent: {error}") from error
    return made


def _extend_body(arguments: dict[str, Any], fields: Mapping[str, object]) -> None:
    if "files" not in arguments:
        arguments["json"] = {**arguments.get("json", {}), **fields}
        return
    parts = [part for part in arguments["files"] if part[0] not in fields]
    for key, value in fields.items():
        parts += [
            (name, (None, text.encode(), "text/plain")) for name, text in form_fields(key, value)
        ]
    arguments["files"] = parts


def form_fields(key: str, value: object) -> Iterator[tuple[str, str]]:
    """Spell a value as form fields: members in brackets, a list's with empty ones, None not at all.

    This is how the official SDKs write nested values into a form.
    """
    nested: Iterable[tuple[str, object]]
    match value:
        case None:
            return
        case str():
            yield key, value
            return
        case dict():
            nested = ((f"{key}[{name}]", member) for name, member in value.items())
        case list() | tuple():
            nested = ((f"{key}[]", member) for member in value)
        case _:
            yield key, json.dumps(value)
            return
    for name, member in nested:
        yield from form_fields(name, member)
