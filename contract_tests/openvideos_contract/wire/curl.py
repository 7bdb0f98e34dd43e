"""A request as a curl command, which runs as printed where the keys are in the environment."""

from __future__ import annotations

import base64
import gzip
import re
import shlex
from collections.abc import Mapping

import httpx

from openvideos_contract.outcome import printable
from openvideos_contract.settings.masking import SHORTEST_SECRET, writings

# What curl sends by itself, or what a proxy between would change anyway.
_UNTOLD_HEADERS = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "host", "user-agent"}
)
# What is longer is packed; a shell takes no argument of more than 128 KiB.
_LONGEST_TEXT = 4_096
_LONGEST_PACKED = 65_536
_FORM = re.compile(r"multipart/form-data; boundary=(\S+)")
# Between double quotes a shell takes these for more than they are.
_SPECIAL = frozenset('$"\\`!')


def command(request: httpx.Request, secrets: Mapping[str, str]) -> str:
    """Return a command for a POSIX shell that sends a request again.

    Args:
        request: What was sent.
        secrets: What is left to the environment, by the name of its variable.
    """
    parts = ["curl", "-i"]
    everywhere = {k: secret for k, secret in secrets.items() if len(secret) >= SHORTEST_SECRET}
    body, before = _body(request, everywhere)
    form = bool(body) and body[0] == "--form-string"
    if request.method == "HEAD":
        parts = ["curl", "-I"]
    elif request.method != ("POST" if form else "GET"):
        parts += ["-X", request.method]
    url = str(request.url)
    if re.search(r"/\.{1,2}(/|\?|$)", url):
        parts.append("--path-as-is")
    if set(url) & set("[]{}"):
        parts.append("--globoff")
    told = [(name, value) for name, value in request.headers.items() if name not in _UNTOLD_HEADERS]
    for name, value in told:
        if not (form and name == "content-type"):
            header = f"{name}: {value}" if value else f"{name};"
            parts += ["-H", _quoted(header, everywhere | _in_header(name, value, secrets))]
    if body and not form and "content-type" not in request.headers:
        parts += ["-H", "content-type:"]  # or curl would send one of its own
    parts += [*body, _quoted(url, everywhere)]
    return before + " ".join(parts)


def _in_header(name: str, value: str, secrets: Mapping[str, str]) -> dict[str, str]:
    """Return the secret that a header is there for: there even a word is one, such as EMPTY."""
    return {
        variable: secret
        for variable, secret in secrets.items()
        if name == "authorization" and value == f"Bearer {secret}"
    }


def _body(request: httpx.Request, secrets: Mapping[str, str]) -> tuple[list[str], str]:
    """Return the arguments that give the body, and what makes it and is piped into curl."""
    content = request.content
    if not content:
        return [], ""
    fields = _fields(content, request.headers.get("content-type", ""))
    if fields is not None and len(content) <= _LONGEST_TEXT:
        return [part for field in fields for part in ("--form-string", _quoted(field, secrets))], ""
    if len(content) <= _LONGEST_TEXT and _is_plain(content):
        return ["--data-binary", _quoted(content.decode(), secrets)], ""
    packed = base64.b64encode(content).decode()
    unpack = "base64 -d"
    if len(content) > _LONGEST_TEXT:
        packed = base64.b64encode(gzip.compress(content, mtime=0)).decode()
        unpack += " | gunzip"
    hides_a_key = any(
        written.encode() in content for secret in secrets.values() for written in writings(secret)
    )
    if len(packed) > _LONGEST_PACKED or hides_a_key:
        return ["--data-binary", f"'<{len(content)} bytes, left out here>'"], ""
    return ["--data-binary", "@-"], f"echo {packed} | {unpack} | "


def _fields(content: bytes, content_type: str) -> list[str] | None:
    """Return the fields of a form of texts, each `name=value`; None for any other body."""
    found = _FORM.fullmatch(content_type)
    if found is None:
        return None
    boundary = found[1].encode()
    end = b"--" + boundary + b"--\r\n"
    if not content.endswith(end) or not content.startswith(b"--" + boundary):
        return None
    fields = []
    _, *parts = content.removesuffix(end).split(b"--" + boundary + b"\r\n")
    for part in parts:
        match = re.fullmatch(
            rb'Content-Disposition: form-data; name="([\w\[\]]+)"\r\n\r\n(.*)\r\n', part, re.DOTALL
        )
        # A carriage return would not survive on its way through a terminal.
        if match is None or not _is_plain(match[2]):
            return None
        fields.append(f"{match[1].decode()}={match[2].decode()}")
    return fields


def _is_plain(content: bytes) -> bool:
    """Return whether a body can be shown, and copied, as a text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return "\r" not in text and printable(text) == text and not text.startswith("@")


def _quoted(text: str, secrets: Mapping[str, str]) -> str:
    """Return a text as one word of a shell, which fills the keys in from the environment."""
    pieces = [(text, "")]
    for name, secret in secrets.items():
        for written in writings(secret) if secret else ():
            pieces = [
                split
                for piece, variable in pieces
                for split in ([(piece, variable)] if variable else _split(piece, written, name))
            ]
    if all(not variable for _, variable in pieces):
        return shlex.quote(text)
    if any(set(piece) & _SPECIAL for piece, variable in pieces if not variable):
        return "".join(f'"${v}"' if v else shlex.quote(piece) for piece, v in pieces)
    # In braces, as the text after a name would be taken for more of it.
    words = [f"${v}" if v else piece for piece, v in pieces]
    if any(v and re.match(r"\w", after) for (_, v), after in zip(pieces, words[1:], strict=False)):
        words = [f"${{{v}}}" if v else piece for piece, v in pieces]
    return f'"{"".join(words)}"'


def _split(text: str, secret: str, name: str) -> list[tuple[str, str]]:
    """Return the pieces of a text between a secret, and the name of its variable for each of it."""
    found: list[tuple[str, str]] = []
    for number, piece in enumerate(text.split(secret)):
        if number:
            found.append((secret, name))
        if piece:
            found.append((piece, ""))
    return found
