"""Where a command's words go: data to stdout, all else to stderr."""

import json
import sys
from contextlib import suppress
from typing import Annotated, Any, TextIO

import typer
from attrs import frozen

from .option_groups import OptionGroup

_PANEL = "Output"


@frozen
class Output(OptionGroup):
    """How much is said, and in which form.

    Attributes:
        json: Whether stdout gets one JSON document, in place of what people read.
        quiet: Whether only what is needed is said on stderr.
    """

    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON document at the end.", rich_help_panel=_PANEL),
    ] = False
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Print the result and errors only: no progress, no advice.",
            rich_help_panel=_PANEL,
        ),
    ] = False

    def say(self, message: str) -> None:
        """Tell people something that they can do without."""
        if not self.quiet:
            self.warn(message)

    def warn(self, message: str) -> None:
        """Tell people something that they must know."""
        # Where nobody hears it, what was begun, and costs money, is done all the same.
        with suppress(OSError):
            _write(sys.stderr, "\n".join(map(_harmless, message.split("\n"))))

    def data(self, text: str) -> None:
        """Print a line of the outcome."""
        _write(sys.stdout, text)

    def document(self, value: Any) -> None:
        """Print the result as a JSON document."""
        _write(sys.stdout, json.dumps(value, indent=2))


def printable(text: str) -> str:
    """Return text that a terminal takes for nothing but text, in one line."""
    return _harmless(" ".join(text.split()))


def _harmless(text: str) -> str:
    """Return text with a sign in place of each character that a terminal might obey."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # closed before the command began
        return
    # A word that the terminal's encoding lacks must not end a command that has cost money.
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def has_terminal() -> bool:
    """Tell whether a terminal shows what goes to stderr, which may be closed."""
    return sys.stderr is not None and sys.stderr.isatty()
