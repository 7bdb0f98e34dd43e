"""Writes docs/requirements.md from requirements.yaml and the tests that prove it.

`python contract_tests/requirements_page.py` writes it; with `--check` it fails where the page is
not what would be written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from openvideos_contract.judging import frozen, requirements
from openvideos_contract.judging.requirements import Certainty, Level, Requirement, Untested
from openvideos_contract.running.runner import proved
from openvideos_contract.settings.configuration import PROFILES

PAGE = Path(__file__).parents[1] / "docs" / "requirements.md"

_ABOUT = {
    "core": "What every server keeps: create, retrieve, list, delete, content, errors.",
    "remix": "Making a video anew with another prompt.",
    "auth": "Keys, and what is another key's.",
    "media": "What is in the files.",
    "catalogue": "The models, sizes and lengths that a dialect closes, and what else it refuses.",
    "edits": "Changing and extending videos.",
    "characters": "Characters who appear in videos.",
    "webhooks": "The events that a server sends.",
    "gateway": "What a proxy in front of a server must not break.",
}
_CERTAINTIES = {
    Certainty.SPEC: "the official specification, or an official SDK",
    Certainty.DOCS: "the official guide",
    Certainty.RUN: "measured against the official SDKs",
    Certainty.SEEN: "captures that several users published",
    Certainty.RFC: "an internet standard",
    Certainty.HOUSE: "a guess from the style of the same API; never a MUST",
}
_HEAD = """\
<!-- Written by contract_tests/requirements_page.py from requirements.yaml; do not edit. -->
# Requirements

What the conformance suite holds a server to: {count} promises in {profiles} profiles, each with
the tests that prove it. A run's report names them by their ids, and `openvideos conform` tests
some of them alone: `--only LIST-004`, or `--only LIST`.

{summary}

A broken MUST means that the server does not conform to the profile; a broken SHOULD is a warning,
and a failure with `--strict`; a MAY is told. A requirement with a condition counts only where the
condition holds. *(run)* marks a condition that depends on the run, such as its options or how soon
a job is done, and not on the server. Where a promise comes from, and how sure it is, stands in
brackets:

{certainties}
"""
_RULES = """\
## Ids and versions

An id is never used again. A requirement that is given up is named under `retired` in
`requirements.yaml`, and its id stays there. {retired}

The requirements belong to a version of the contract, `info.version` of `openapi.yaml`; one that
came later than 1.0.0 says so. The suite has a version of its own. While a version of the contract
is being worked on, its requirements may change. When it is released,
`python contract_tests/freeze_requirements.py` writes their ids, profiles and levels to
`judging/frozen.yaml`, and from then on the suite's self-check fails where one is added, taken out
or changed unless the contract has a new version: a minor one where a MUST is added, or where a
promise becomes one. {frozen}

The self-check also fails where a requirement has no test, a test has no requirement, an id is used
twice or again, a profile does not exist, or what is only a guess is a MUST.
"""


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` return 1 where it is stale."""
    text = page(requirements.load().values(), requirements.untested(), proved())
    if arguments != ["--check"]:
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    sys.stderr.write(f"{PAGE} is stale: run python contract_tests/requirements_page.py\n")
    return 1


def page(
    known: Iterable[Requirement], untested: Iterable[Untested], tests: Mapping[str, Iterable[str]]
) -> str:
    """Return the page.

    Args:
        known: The requirements.
        untested: The promises that are deliberately not tested.
        tests: The ids that each test proves, by the test.
    """
    ordered = list(known)
    proving = _by_requirement(tests)
    blocks = [_head(ordered)]
    for profile in PROFILES:
        ours = [requirement for requirement in ordered if requirement.profile == profile]
        rows = [
            (
                f'<a id="{found.id.lower()}"></a>{found.id}',
                found.level,
                _promise(found),
                f"{found.source} [{found.certainty}]",
                "<br>".join(f"`{test}`" for test in proving.get(found.id, ())),
            )
            for found in ours
        ]
        table = _table(("Id", "Level", "Promise", "From", "Proved by"), rows)
        blocks.append(f"## {profile}\n\n{_ABOUT[profile]}\n\n{table}")
    left_out = [(found.promise, found.source, found.reason) for found in untested]
    why = "Promises of the sources that no test proves, and why."
    blocks.append(f"## Not tested\n\n{why}\n\n{_table(('Promise', 'From', 'Reason'), left_out)}")
    blocks.append(_rules())
    return "\n".join(blocks)


def _head(known: list[Requirement]) -> str:
    rows = []
    for profile in PROFILES:
        ours = [found.level for found in known if found.profile == profile]
        counts = [str(ours.count(level)) for level in Level]
        rows.append((f"[{profile}](#{profile})", *counts, str(len(ours))))
    return _HEAD.format(
        count=len(known),
        profiles=len(PROFILES),
        summary=_table(("Profile", *Level, "all"), rows).rstrip(),
        certainties="\n".join(f"- [{name}] {told}" for name, told in _CERTAINTIES.items()),
    )


def _rules() -> str:
    retired = requirements.retired()
    given_up = [f"{number}: {reason}" for number, reason in retired.items()]
    versions = ", ".join(frozen.load())
    return _RULES.format(
        retired=f"These are retired: {'; '.join(given_up)}." if given_up else "So far none is.",
        frozen=f"Released so far: {versions}." if versions else "So far none is released.",
    )


def _by_requirement(tests: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for test, numbers in tests.items():
        for number in numbers:
            found.setdefault(number, {})[test.partition("[")[0]] = None
    return {number: sorted(names) for number, names in found.items()}


def _promise(requirement: Requirement) -> str:
    text = requirement.promise
    if requirement.where:
        text += f" *Where {requirement.where}.*"
    if requirement.of_the_run:
        text += " *(run)*"
    if requirement.since != "1.0.0":
        text += f" *Since contract {requirement.since}.*"
    return text


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def lines() -> Iterator[str]:
        columns = list(head)
        yield _line(columns)
        yield _line(["-"] * len(columns))
        yield from map(_line, rows)

    return "\n".join(lines()) + "\n"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in cells)} |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
