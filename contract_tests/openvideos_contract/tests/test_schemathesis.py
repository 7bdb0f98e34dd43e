"""Generated requests: what keeps the contract is taken, what breaks it is refused."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from schemathesis import GenerationMode

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.foreign import FOREIGN, family_of
from openvideos_contract.checks.refusals import refused
from openvideos_contract.contract import Contract
from openvideos_contract.generating.cases import AnyCase, Generator, ask_about
from openvideos_contract.generating.own_checks import judge
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.offers import require_offered
from openvideos_contract.outcome import Blocked, Unsupported, require
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

FUZZED = 12


@pytest.fixture(scope="module")
def generator(contract: Contract, configuration: Configuration, gate: Gate) -> Generator:
    """Generates requests from the contract."""
    return Generator(contract, configuration, gate)


def require_accepted(gate: Gate, answer: Exchange, *, operation: str, told_by: str) -> None:
    """Go on if a request that keeps the contract was taken.

    Raises:
        Blocked: No request of the operation ever was, which the requirement `told_by` tells.
        Nonconformity: It was not.
    """
    if not gate.seen[operation, "2xx"]:
        raise Blocked(f"no answer of {operation} was a success ({told_by}): {answer.summary}")
    require(answer.ok, expected="a 2xx", seen=answer.summary, exchange=answer)


@pytest.fixture(scope="module")
def finished(jobs: Jobs) -> str:
    """The id of a finished job."""
    return jobs.completed("plain").id


def refuse_broken(generator: Generator, case: AnyCase, *, meaningless: bool) -> None:
    """Send a case if its body is broken as sent, and require that it is refused.

    Args:
        generator: What sends it.
        case: The case.
        meaningless: Whether to send only what no server can mean to accept.
    """
    rules = generator.broken_rules(case)
    wrong = [rule for rule in rules if rule.meaningless or not meaningless]
    if not wrong:
        return
    family = "; ".join(sorted({str(rule) for rule in wrong}))
    answer = generator.send(case, family=family)
    # A 5xx is no acceptance; it is judged with all other answers.
    require(
        not answer.ok,
        expected=f"a refusal, 4xx, for {family}",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("CREATE-021")
def test_bodies_that_nobody_can_mean_are_refused(generator: Generator) -> None:
    generator.run(
        "create_video",
        GenerationMode.NEGATIVE,
        lambda case: refuse_broken(generator, case, meaningless=True),
        examples=FUZZED * 2,
    )


@pytest.mark.requirement("CATALOGUE-011")
def test_bodies_that_break_the_contract_are_refused(generator: Generator) -> None:
    generator.run(
        "create_video",
        GenerationMode.NEGATIVE,
        lambda case: refuse_broken(generator, case, meaningless=False),
        examples=FUZZED * 2,
    )


@pytest.mark.requirement("REMIX-006")
def test_remixes_that_nobody_can_mean_are_refused(
    generator: Generator, jobs: Jobs, finished: str
) -> None:
    jobs.existing("remix")

    def use(case: AnyCase) -> None:
        ask_about(case, finished)
        refuse_broken(generator, case, meaningless=True)

    generator.run("remix_video", GenerationMode.NEGATIVE, use, examples=FUZZED)


def require_echo(answer: Exchange, fields: dict[str, str]) -> None:
    """Go on if a Video has the values that were asked for."""
    video = answer.video()
    for field, asked in fields.items():
        got = video.get(field)
        require(
            got == asked or (field == "seconds" and str(got) == asked),
            expected=f"a refusal, or the {field} that was asked for, {compact(asked)}",
            seen=f"the {field} {compact(got)}",
            exchange=answer,
        )


# Here and not with the other creates: at a server that takes it, it costs a job that was not
# planned, for which those that were are made first.
@pytest.mark.requirement("CREATE-023")
@pytest.mark.parametrize("field", sorted(FOREIGN))
def test_what_is_not_offered_is_refused_or_comes_back(gate: Gate, jobs: Jobs, field: str) -> None:
    fields = jobs.existing("plain").request.fields | {field: FOREIGN[field]}
    answer = gate.send("POST", "/videos", json=fields, family=family_of(field))
    if not answer.refused:
        require_echo(answer, {field: FOREIGN[field]})


@pytest.mark.requirement("CREATE-017")
def test_json_that_calls_itself_text_is_refused(gate: Gate, jobs: Jobs) -> None:
    body = json.dumps(jobs.existing("plain").request.fields).encode()
    headers = {"Content-Type": "text/plain"}
    refused(gate, "POST", "/videos", family="a text/plain body", content=body, headers=headers)


@pytest.mark.requirement("CREATE-027")
def test_a_urlencoded_body_means_the_same(gate: Gate, jobs: Jobs) -> None:
    fields = jobs.existing("plain").request.fields
    answer = gate.send(
        "POST",
        "/videos",
        content=urlencode(fields).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        family="a urlencoded body",
    )
    if answer.refused:
        raise Unsupported(f"the server takes no urlencoded body: {answer.summary}")
    require_echo(answer, fields)


@pytest.mark.requirement("LIST-014")
def test_queries_that_keep_the_contract_are_taken(
    generator: Generator, gate: Gate, finished: str
) -> None:
    def use(case: AnyCase) -> None:
        if "after" in case.query:
            case.query["after"] = finished
        if str(case.query.get("limit")) == "0":  # generated as a number and as text
            return  # some servers begin at 1: LIST-012
        answer = generator.send(case)
        require_accepted(gate, answer, operation="list_videos", told_by="LIST-001")

    generator.run("list_videos", GenerationMode.POSITIVE, use, examples=FUZZED)


@pytest.mark.requirement("LIST-020")
def test_pages_keep_to_their_query(generator: Generator, jobs: Jobs, finished: str) -> None:
    ids = [job.id for job in jobs.all_made()] or [finished]

    def use(case: AnyCase) -> None:
        if "after" in case.query:
            # One of ours: the cursor of nobody may begin anywhere.
            case.query["after"] = ids[len(str(case.query["after"])) % len(ids)]
        judge(case, generator.send(case), "a page within its limit, in its order, with its ends")

    generator.run("list_videos", GenerationMode.POSITIVE, use, examples=FUZZED * 3)


@pytest.mark.requirement("CONTENT-018")
def test_downloads_are_the_content_or_a_part_of_it(generator: Generator, finished: str) -> None:
    def use(case: AnyCase) -> None:
        ask_about(case, finished)
        if case.query.get("variant") != "video":
            case.query.pop("variant", None)  # pictures are a profile of their own
        judge(case, generator.send(case), "the content, a part of it, or a refusal")

    generator.run("download_video_content", GenerationMode.POSITIVE, use, examples=FUZZED)


@pytest.mark.requirement("RETRIEVE-006")
def test_retrieving_as_the_contract_says_is_taken(generator: Generator, finished: str) -> None:
    def use(case: AnyCase) -> None:
        ask_about(case, finished)
        answer = generator.send(case)
        require(answer.ok, expected="a 2xx", seen=answer.summary, exchange=answer)
        judge(case, answer, "the video that was asked for")

    generator.run("retrieve_video", GenerationMode.POSITIVE, use, examples=2)


@pytest.mark.requirement("CATALOGUE-012")
@pytest.mark.parametrize("operation", ["list_videos", "download_video_content"])
def test_queries_that_break_the_contract_are_refused(
    generator: Generator, finished: str, operation: str
) -> None:
    def use(case: AnyCase) -> None:
        if case.path_parameters:
            ask_about(case, finished)
        wrong = generator.broken_parameters(case)
        if not wrong:
            return
        answer = generator.send(case)
        expected = f"a refusal, 4xx, for {'; '.join(map(str, wrong))}"
        require(not answer.ok, expected=expected, seen=answer.summary, exchange=answer)

    generator.run(operation, GenerationMode.NEGATIVE, use, examples=FUZZED)


@pytest.mark.requirement("ERROR-002")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(
    "operation",
    [
        "retrieve_video",
        "download_video_content",
        "delete_video",
        "list_videos",
        "retrieve_character",
    ],
)
def test_no_generated_request_breaks_the_server(
    generator: Generator, gate: Gate, nobody: str, operation: str, mode: GenerationMode
) -> None:
    if operation == "retrieve_character":
        require_offered(gate, gate.send("GET", f"/videos/characters/{nobody}"), "characters")

    def use(case: AnyCase) -> None:
        if case.path_parameters:
            # Never an id that somebody may have.
            for name, text in case.path_parameters.items():
                case.path_parameters[name] = f"{nobody}{text}"
        answer = generator.send(case)
        require(answer.status < 500, expected="no 5xx", seen=answer.summary, exchange=answer)

    generator.run(operation, mode, use, examples=FUZZED)
