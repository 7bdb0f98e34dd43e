"""Which jobs a run makes, and how many it may need."""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence

import attrs

from openvideos_contract.checks.foreign import FOREIGN, SCHEMAS, family_of
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.needs import jobs_needed_by, sends_what_should_be_refused
from openvideos_contract.settings.configuration import Configuration

DEFAULT_SIZE = "720x1280"
DEFAULT_SECONDS = "4"
OTHER_SECONDS = "8"
LONGEST_PROMPT = 32_000
# Where nothing is known of a server's models, which may read no more, and fail late.
LONG_PROMPT = 2_000
# Of a character, in characters.
LONGEST_NAME = 80
# One place is kept for a request that should be refused: while it might be accepted, it needs one.
SPARE = 1


class Start(enum.Enum):
    """What a job starts from, and how a request says so."""

    PROMPT = "a prompt alone"
    PATH = "a video, by the path of the request"
    ID = "a video, by its id in the body"
    FILE = "a video, by its uploaded file"
    CHARACTER = "a prompt and a character, by its id in the body"


@attrs.frozen
class JobRequest:
    """A job that the run wants made.

    Attributes:
        name: What the tests call it.
        purpose: What it is for, for the plan that is shown beforehand.
        encoding: "json" or "form".
        fields: The request's fields, but for those that say what it starts from.
        otherwise: The fields to ask for where the server refuses these; None to give up then.
        other_encoding: The encoding to ask in where the server does not read the first one; the
            job is then made, though not as a test of that encoding wants it.
        path: Where it is sent; below the source's path where it starts from that.
        start: What it starts from.
        profile: The profile that it is made for; those of core are made in every run.
        by_test: Whether a test makes it itself, after `Jobs.require_room`.
        last: Whether it is made after all that should be refused, so that it may take the place
            that is kept for that.
        count: How many of it are made.
    """

    name: str
    purpose: str
    encoding: str
    fields: dict[str, str]
    otherwise: dict[str, str] | None = None
    other_encoding: str | None = None
    path: str = "/videos"
    start: Start = Start.PROMPT
    profile: str = "core"
    by_test: bool = False
    last: bool = False
    count: int = 1


def plan(
    configuration: Configuration, contract: Contract, chosen: Collection[str] | None = None
) -> list[JobRequest]:
    """Return the jobs that are needed, the most needed first.

    Args:
        configuration: What the run is asked to do.
        contract: What the server is held to.
        chosen: The ids of the requirements under test; None for all of the chosen profiles.
    """
    wanted = [
        _in_an_encoding_of(contract, job)
        for job in _all(configuration, contract)
        if job.profile == "core" or job.profile in configuration.profiles
    ]
    if chosen is not None:
        reused = configuration.reuse_video is not None
        needed = jobs_needed_by(chosen, {job.name for job in wanted}, reused=reused)
        wanted = [job for job in wanted if job.name in needed]
    if configuration.reuse_video is not None:
        # The finished video stands for this one in what only reads.
        wanted.sort(key=lambda job: job.name == "plain")
    return wanted


def _in_an_encoding_of(contract: Contract, job: JobRequest) -> JobRequest:
    """Return a job as the dialect takes it, where it is not there to try an encoding."""
    tries_it = job.other_encoding is not None
    if job.start is not Start.PROMPT or job.encoding in contract.encodings or tries_it:
        return job
    return attrs.evolve(job, encoding=contract.encodings[0])


def affordable(wanted: Sequence[JobRequest], limit: int, kept: int) -> set[str]:
    """Return the names of the jobs that a budget allows.

    Args:
        wanted: The jobs, the most needed first.
        limit: The places of the budget.
        kept: How many of them are kept for what should be refused.
    """
    room = max(limit - kept, min(limit, 1))
    names: set[str] = set()
    for job in wanted:
        room -= 0 if job.last else job.count
        if room < 0:
            break
        names.add(job.name)
    names |= {job.name for job in wanted if job.last and limit > kept}
    return names


def needed(
    configuration: Configuration, contract: Contract, chosen: Collection[str] | None = None
) -> int:
    """Return the `--max-videos` with which none of the chosen requirements is left out.

    Args:
        configuration: What the run is asked to do.
        contract: What the server is held to.
        chosen: The ids of the requirements under test; None for all of the chosen profiles.
    """
    jobs = plan(configuration, contract, chosen)
    last = sum(job.count for job in jobs if job.last)
    return sum(job.count for job in jobs if not job.last) + max(spare(jobs, chosen), last)


def unforeseen(contract: Contract, accepted: Collection[str]) -> int:
    """Return how many jobs a server started that the plan has no place for.

    Args:
        contract: What the server is held to.
        accepted: The families of which it accepted a request.
    """
    open_fields = [field for field in FOREIGN if not contract.closed(SCHEMAS[field])]
    return len(set(accepted) - {family_of(field) for field in open_fields})


def spare(jobs: Sequence[JobRequest], chosen: Collection[str] | None = None) -> int:
    """Return how many places are kept for requests that should be refused.

    Args:
        jobs: The planned ones; an early request for what starts from another should be refused.
        chosen: The ids of the requirements under test; None for all of the chosen profiles.
    """
    refused = chosen is None or sends_what_should_be_refused(chosen)
    return SPARE if refused or any(job.start is not Start.PROMPT for job in jobs) else 0


def _all(configuration: Configuration, contract: Contract) -> list[JobRequest]:
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
    length = LONGEST_PROMPT if models else LONG_PROMPT
    tag = f"[{configuration.run_id}]"
    return [
        JobRequest(
            "plain",
            "a create with JSON; feeds most tests",
            "json",
            {"prompt": f" {tag}{_PLAIN_PROMPT}", **asked},
            other_encoding="form",
        ),
        JobRequest(
            "multipart",
            "another size and length with a multipart form, to see them come back",
            "form",
            {"prompt": f" {tag}{_FORGED_PROMPT}", **other},
            otherwise={"prompt": f" {tag}{_FORGED_PROMPT}", **asked},
        ),
        JobRequest(
            "other",
            "the same with JSON, and a long prompt",
            "json",
            {"prompt": f"{tag}{_LONG_PROMPT}"[: length - 1] + ".", **other},
            otherwise={"prompt": f" {tag} A lighthouse in the fog", **other},
        ),
        JobRequest(
            "reference",
            "an image to start from",
            "json",
            {"prompt": f"{tag} The boat of the picture sets sail", **asked},
            by_test=True,
        ),
        JobRequest(
            "remix",
            "a remix of a finished job",
            "json",
            {"prompt": f" {tag} At night, «雪», 🌙\n "},
            path="/remix",
            start=Start.PATH,
            profile="remix",
        ),
        JobRequest(
            "defaults",
            "nothing but a prompt",
            "json",
            {"prompt": f" {tag} A paper boat on a pond"},
            profile="catalogue",
        ),
        JobRequest(
            "edit",
            "an edit of a finished job, by its id",
            "json",
            {"prompt": f" {tag} In watercolours, «水彩», 🎨 "},
            path="/videos/edits",
            start=Start.ID,
            profile="edits",
        ),
        JobRequest(
            "uploaded_edit",
            "an edit of the first, its file uploaded",
            "form",
            {"prompt": f" {tag} As a pencil drawing, «鉛筆», ✏️ "},
            path="/videos/edits",
            start=Start.FILE,
            profile="edits",
        ),
        JobRequest(
            "extension",
            "an extension of the first",
            "json",
            {"prompt": f" {tag} The boat reaches the shore ", "seconds": other["seconds"]},
            otherwise={"prompt": f" {tag} The boat reaches the shore ", "seconds": seconds},
            path="/videos/extensions",
            start=Start.ID,
            profile="edits",
        ),
        JobRequest(
            "character",
            "a character from the file of the first",
            "form",
            {"name": f"Mira «ミラ» {configuration.run_id} ".ljust(LONGEST_NAME, "~")},
            path="/videos/characters",
            start=Start.FILE,
            profile="characters",
        ),
        JobRequest(
            "cast",
            "a create with that character",
            "json",
            {"prompt": f" {tag} Mira waves from the quay", **asked},
            start=Start.CHARACTER,
            profile="characters",
        ),
        # Where the dialect does not say what is offered, a server may take what is foreign.
        *(
            JobRequest(
                f"foreign_{field}",
                f"a {name} that no server is known to offer; made only by one that takes it",
                "json",
                {"prompt": f" {tag}{_PLAIN_PROMPT}", **asked, field: FOREIGN[field]},
                by_test=True,
            )
            for field, name in (("model", "model"), ("size", "size"), ("seconds", "length"))
            if not contract.closed(SCHEMAS[field])
        ),
        JobRequest(
            "generated",
            "generated from the contract",
            "json",
            {"prompt": tag, **asked},
            by_test=True,
            last=True,
        ),
    ]


_PLAIN_PROMPT = (
    " A paper boat crosses a puddle; «Ünïcödé», 漢字, עברית, 🎬 and \"quotes\" 'too'.\n"
    "\tA second line,  with  two  blanks, a backslash \\ and <b>&amp;</b> %20 {braces}.\n\n  "
)
_LONG_PROMPT = " A lighthouse in the fog, «Ünïcödé», 漢字, 🎬.\n" * 1_000
_FORGED_PROMPT = (
    " A paper boat crosses a puddle.\r\n--boundary\r\n"
    'Content-Disposition: form-data; name="seconds"\r\n\r\n12\r\n--boundary--\r\n'
    " «Ünïcödé», 漢字, 🎬, a=b&c=d \n "
)
