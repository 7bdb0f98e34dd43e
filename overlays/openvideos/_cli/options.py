"""The options of the commands, by what they are about: the server, the wait, the file, the cost."""

from __future__ import annotations

import json
import shlex
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from attrs import frozen

from openvideos import InvalidInput, OpenVideos, TargetExists
from openvideos._flows.clock import Clock

from .option_groups import OptionGroup

if TYPE_CHECKING:
    from .interrupts import Interrupts

DEFAULT_TIMEOUT: Final = 600.0
DEFAULT_MAX_WAIT: Final = 3600.0
FOR_EVER: Final = "none"

_SERVER = "Server"
_WAIT = "Waiting"
_FILE = "File"
_COST = "Cost"


def _refused_key(value: str | None) -> None:
    if value is not None:
        raise typer.BadParameter(
            "a key on the command line is seen by other users and kept by the shell: set "
            "OPENVIDEOS_API_KEY, or give a file by --api-key-file"
        )


@frozen
class ServerOptions(OptionGroup):
    """Where to send requests, and what to send with each."""

    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The server's address with its prefix, such as http://127.0.0.1:8000/v1; left "
            "out, OPENVIDEOS_BASE_URL or OPENAI_BASE_URL.",
            rich_help_panel=_SERVER,
        ),
    ] = None
    api_key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file that holds the key and nothing else; left out, OPENVIDEOS_API_KEY or "
            "OPENAI_API_KEY. Where there is none, no key is sent.",
            rich_help_panel=_SERVER,
        ),
    ] = None
    api_key: Annotated[
        str | None, typer.Option(hidden=True, callback=_refused_key, is_eager=True)
    ] = None
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="How long one request may take.", rich_help_panel=_SERVER
        ),
    ] = DEFAULT_TIMEOUT
    header: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:VALUE",
            help="A further header of each request; can be repeated.",
            rich_help_panel=_SERVER,
        ),
    ] = None
    query: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A further query parameter of each request; can be repeated.",
            rich_help_panel=_SERVER,
        ),
    ] = None

    def client(self, interrupts: Interrupts | None = None) -> OpenVideos:
        """Return a client of the server.

        Args:
            interrupts: What takes Ctrl-C between two requests.

        Raises:
            InvalidInput: There is no base URL, or an option cannot be used.
        """
        return OpenVideos(
            base_url=self.base_url,
            api_key=_key_in(self.api_key_file) if self.api_key_file else None,
            timeout=self.timeout,
            default_headers=dict(_pair(text, ":", "--header") for text in self.header or ()),
            default_query=dict(_pair(text, "=", "--query") for text in self.query or ()),
            _clock=Clock(sleep=interrupts.sleep) if interrupts else None,
        )

    def again(self, base_url: str) -> list[str]:
        """Return the arguments by which another command finds the server.

        Values of headers and query parameters are left out: they may be secrets.

        Args:
            base_url: The client's base URL, which shows no password.
        """
        arguments: list[str] = []
        if self.base_url is not None:
            arguments += ["--base-url", base_url]
        if self.api_key_file is not None:
            arguments += ["--api-key-file", str(self.api_key_file)]
        for option, texts in (("--header", self.header), ("--query", self.query)):
            for text in texts or ():
                name = text.partition(":" if option == "--header" else "=")[0].strip()
                arguments += [option, f"{name}{':' if option == '--header' else '='}…"]
        return arguments


@frozen
class WaitOptions(OptionGroup):
    """How to wait for a job."""

    max_wait: Annotated[
        str,
        typer.Option(
            metavar="SECONDS",
            help=f"For how long to wait; `{FOR_EVER}` for ever. The job runs on after it.",
            rich_help_panel=_WAIT,
        ),
    ] = f"{DEFAULT_MAX_WAIT:g}"
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="The pause between two looks; left out, what the server asks for, else 10 s that "
            "grow to 20 s.",
            rich_help_panel=_WAIT,
        ),
    ] = None

    def arguments(self) -> dict[str, float | None]:
        """Return them as the arguments of `Job.wait`.

        Raises:
            InvalidInput: One cannot wait so.
        """
        from openvideos._waiting.limits import check_limits

        limit = None if self.max_wait == FOR_EVER else _number(self.max_wait, "--max-wait")
        check_limits(max_wait=limit, interval=self.interval)
        return {"max_wait": limit, "interval": self.interval}


@frozen
class FileOptions(OptionGroup):
    """Where to save what a job makes."""

    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="The file to write, or a folder that exists; left out, a file named after the "
            "job's id in this folder.",
            rich_help_panel=_FILE,
        ),
    ] = None
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Write over a file that is there already.",
            rich_help_panel=_FILE,
        ),
    ] = False

    def target(self, *, several: bool = False, saves: bool = True) -> Path:
        """Return the file or folder to save to.

        Args:
            several: Whether several files are to be saved.
            saves: Whether anything is to be saved now.

        Raises:
            InvalidInput: Nothing can be saved there, or something is there already.
        """
        from openvideos._downloading.targets import target_of

        output = "." if self.output is None else self.output
        if output == "-":
            raise InvalidInput("a video is not written to the terminal; give --output a file")
        if several and not Path(output).is_dir():
            raise InvalidInput(f"several videos are saved to a folder, and {output} is none")
        try:
            target = target_of(output, name="video", overwrite=self.force)
        except TargetExists:
            raise InvalidInput(
                f"{output} is there already; --force writes over it, --output names another file"
            ) from None
        if saves:
            _check_writable(target.path.parent)
        return Path(output)

    def again(self) -> list[str]:
        """Return the arguments by which another command saves to the same place."""
        arguments = [] if self.output is None else ["--output", self.output]
        return [*arguments, "--force"] if self.force else arguments


@frozen
class PriceOptions(OptionGroup):
    """What a second costs."""

    price: Annotated[
        str | None,
        typer.Option(
            metavar="DOLLARS",
            help="The server's price for a second; left out, what OpenAI charged for its models.",
            rich_help_panel=_COST,
        ),
    ] = None

    def price_a_second(self) -> Decimal | None:
        """Return the server's own price.

        Raises:
            InvalidInput: It is no amount.
        """
        return None if self.price is None else _amount(self.price, "--price")


@frozen
class CostOptions(PriceOptions):
    """What a job may cost."""

    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what would be sent and what it would cost. Nothing is created.",
            rich_help_panel=_COST,
        ),
    ] = False
    max_cost: Annotated[
        str | None,
        typer.Option(
            metavar="DOLLARS",
            help="Send nothing if the video costs more, or if its cost is not known.",
            rich_help_panel=_COST,
        ),
    ] = None

    def limit(self) -> Decimal | None:
        """Return what a video may cost.

        Raises:
            InvalidInput: It is no amount.
        """
        return None if self.max_cost is None else _amount(self.max_cost, "--max-cost")


@frozen
class InterruptOptions(OptionGroup):
    """When to stop watching."""

    detach: Annotated[
        bool,
        typer.Option(
            "--detach",
            help="Start the job and return: do not wait, save nothing.",
            rich_help_panel=_WAIT,
        ),
    ] = False
    delete_on_interrupt: Annotated[
        bool,
        typer.Option(
            "--delete-on-interrupt",
            help="Ctrl-C deletes the job. Some servers charge for it and work on all the same.",
            rich_help_panel=_WAIT,
        ),
    ] = False


@frozen
class FieldOptions(OptionGroup):
    """What a server takes beyond the protocol."""

    field: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="A further field of the request, for what a server takes beyond the protocol: "
            "NAME=TEXT, or NAME:=JSON for numbers and the like. Can be repeated.",
            rich_help_panel=_SERVER,
        ),
    ] = None

    def fields(self) -> dict[str, Any]:
        """Return the fields.

        Raises:
            InvalidInput: One is neither.
        """
        return dict(_field(text) for text in self.field or ())


def command_line(*arguments: str) -> str:
    """Return a command as it can be typed into a shell."""
    return shlex.join(["openvideos", *arguments])


def without_nones(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _check_writable(folder: Path) -> None:
    import tempfile

    try:
        tempfile.TemporaryFile(dir=folder).close()  # as nothing else tells of all that forbids it
    except OSError as error:
        raise InvalidInput(
            f"nothing can be written in the folder {folder} ({error.strerror}); "
            "--output names another"
        ) from None


def _key_in(file: Path) -> str:
    try:
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise InvalidInput(f"--api-key-file {file} cannot be read: {error}") from error
    if not key:
        raise InvalidInput(f"--api-key-file {file} is empty; it must hold the key")
    return key


def _pair(text: str, separator: str, option: str) -> tuple[str, str]:
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        # The text is not shown, as it may be a secret.
        raise InvalidInput(f"{option} needs a name, `{separator}` and a value")
    return name.strip(), value.strip()


def _field(text: str) -> tuple[str, Any]:
    name, found, value = text.partition("=")
    if not found or not name.strip(": "):
        raise InvalidInput(f"--field {text!r} is neither NAME=TEXT nor NAME:=JSON")
    if not name.endswith(":"):
        return name, value
    try:
        return name[:-1], json.loads(value)
    except ValueError as error:
        raise InvalidInput(f"--field {name[:-1]} is not JSON after `:=`: {error}") from None


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(
            f"{option} is {text!r}; give a number of seconds, or `{FOR_EVER}`"
        ) from None


def _amount(text: str, option: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise InvalidInput(f"{option} is {text!r}; give dollars, such as 0.40")
    return amount
