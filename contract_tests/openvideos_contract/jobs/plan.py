"""Which jobs a run makes, and how many it may need."""

from __future__ import annotations

import attrs

from openvideos_contract.contract import Contract
from openvideos_contract.settings.configuration import Configuration

DEFAULT_SIZE = "720x1280"
DEFAULT_SECONDS = "4"
OTHER_SECONDS = "8"
# One place is kept for a request that should be refused: while it might be accepted, it needs one.
SPARE = 1
# Creates that are generated from the contract, beside the planned jobs.
GENERATED = 1


@attrs.frozen
class JobRequest:
    """A job that the run wants made.

    Attributes:
        name: What the tests call it.
        purpose: What it is for, for the plan that is shown beforehand.
        encoding: "json" or "form".
        fields: The request's fields.
        otherwise: The fields to ask for where the server refuses these; None to give up then.
    """

    name: str
    purpose: str
    encoding: str
    fields: dict[str, str]
    otherwise: dict[str, str] | None = None


def plan(configuration: Configuration, contract: Contract) -> list[JobRequest]:
    """Return the jobs that the chosen profiles need, the most needed first."""
    size = configuration.size or DEFAULT_SIZE
    seconds = configuration.seconds or DEFAULT_SECONDS
    models = contract.known("VideoModel") if contract.closed("VideoModel") else []
    model = configuration.model or (models[0] if models else None)
    width, _, height = size.partition("x")
    asked = {"size": size, "seconds": seconds} | ({"model": model} if model else {})
    other = asked | {"size": f"{height}x{width}"}
    if configuration.seconds is None:
        other["seconds"] = OTHER_SECONDS
    if configuration.model is None and models:
        # The newest dated name of the same model: another word at the same price.
        other["model"] = max(name for name in models if "pro" not in name)
    tag = f" [{configuration.run_id}]"
    wanted = [
        JobRequest(
            "plain",
            "a create with JSON; feeds most tests",
            "json",
            {"prompt": tag + _PLAIN_PROMPT, **asked},
        ),
        JobRequest(
            "form",
            "another size and length with a multipart form, to see them come back",
            "form",
            {"prompt": tag + _FORGED_PROMPT, **other},
            otherwise={"prompt": tag + _FORGED_PROMPT, **asked},
        ),
        JobRequest(
            "other",
            "the same with JSON",
            "json",
            {"prompt": tag + " A lighthouse in the fog", **other},
        ),
    ]
    if "remix" in configuration.profiles:
        wanted.append(
            JobRequest(
                "remix", "a remix of that", "json", {"prompt": tag + " At night, «雪», 🌙\n "}
            )
        )
    if "catalogue" in configuration.profiles:
        wanted.append(
            JobRequest(
                "defaults",
                "nothing but a prompt",
                "json",
                {"prompt": tag + " A paper boat on a pond"},
            )
        )
    return wanted


def needed(configuration: Configuration, contract: Contract) -> int:
    """Return the `--max-videos` with which no requirement of the chosen profiles is left out."""
    return len(plan(configuration, contract)) + GENERATED + SPARE


_PLAIN_PROMPT = (
    " A paper boat crosses a puddle; «Ünïcödé», 漢字, עברית, 🎬 and \"quotes\" 'too'.\n"
    "\tA second line,  with  two  blanks, a backslash \\ and <b>&amp;</b> %20 {braces}.\n\n  "
)
_FORGED_PROMPT = (
    " A paper boat crosses a puddle.\r\n--boundary\r\n"
    'Content-Disposition: form-data; name="seconds"\r\n\r\n12\r\n--boundary--\r\n'
    " «Ünïcödé», 漢字, 🎬, a=b&c=d \n "
)
