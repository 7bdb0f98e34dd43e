"""Characters: made from a video, found again, and given a part in another."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.completion import require_completed, require_download
from openvideos_contract.checks.listing import listed_ids
from openvideos_contract.checks.refusals import refused, require_status
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.plan import LONGEST_NAME
from openvideos_contract.outcome import Blocked, Nonconformity, require
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path

CHARACTERS = "/videos/characters"
# How far the server's clock may be from ours.
CLOCK_SECONDS = 86_400
NO_VIDEO = ("notes.mp4", b"This is a text, and no video.\n" * 40, "video/mp4")


@pytest.fixture
def made(jobs: Jobs) -> Exchange:
    """The answer to making a character, for a test that is not about making it."""
    try:
        return jobs.character()
    except Nonconformity as failure:
        raise Blocked(f"no character could be made (CHARACTER-001): {failure.seen}") from failure


@pytest.fixture
def character_id(made: Exchange) -> str:
    """The id of the character that was made."""
    found = made.object.get("id")
    if not isinstance(found, str) or not found:
        raise Blocked(f"the character has no id (CHARACTER-002): {made.summary}")
    return found


@pytest.fixture
def video(jobs: Jobs) -> tuple[str, bytes, str]:
    """The file of a finished video, to make a character from."""
    whole = jobs.whole_content("plain")
    return "plain.mp4", whole.content, whole.media_type


def character_path(character_id: str) -> str:
    """Return the path of a character, its id as one segment."""
    return f"{CHARACTERS}/{quote(character_id, safe='')}"


def naming(encoding: str, prompt: str, *ids: str) -> dict[str, Any]:
    """Return a request for a video with characters."""
    if encoding == "json":
        return {"json": {"prompt": prompt, "characters": [{"id": each} for each in ids]}}
    return {"form": {"prompt": prompt, "characters[][id]": ids[0]}}


@pytest.mark.requirement("CHARACTER-001")
def test_a_character_can_be_made(jobs: Jobs) -> None:
    made = jobs.character()
    found = made.object.get("id")
    require(
        isinstance(found, str) and found,
        expected="2xx and a Character with an id",
        seen=made.summary,
        exchange=made,
    )


@pytest.mark.requirement("CHARACTER-003")
def test_the_name_of_a_character_comes_back(jobs: Jobs, made: Exchange) -> None:
    name = jobs.require_room("character").fields["name"]
    require(
        made.object.get("name") == name,
        expected=f"the name that was given, {compact(name)}",
        seen=f"the name {compact(made.object.get('name'))}",
        exchange=made,
    )


@pytest.mark.requirement("CHARACTER-004")
def test_the_time_of_a_character_is_now(made: Exchange) -> None:
    told = made.object.get("created_at")
    require(
        isinstance(told, int | float) and abs(told - made.sent_at) <= CLOCK_SECONDS,
        expected=f"a created_at near {made.sent_at:.0f}, the Unix seconds of the create",
        seen=f"the created_at {compact(told)}",
        exchange=made,
    )


@pytest.mark.requirement("CHARACTER-005")
def test_a_character_is_found_as_it_was_made(gate: Gate, made: Exchange, character_id: str) -> None:
    for _ in range(2):
        answer = gate.send("GET", character_path(character_id))
        now = answer.accepted("2xx and the Character")
        for field in ("id", "name", "created_at"):
            require(
                now.get(field) == made.object.get(field),
                expected=f"the {field} of the create, {compact(made.object.get(field))}",
                seen=f"the {field} {compact(now.get(field))}",
                exchange=answer,
            )


@pytest.mark.requirement("CHARACTER-006")
@pytest.mark.parametrize("form", ["char_{}", "{}:1=="], ids=["usual", "odd"])
def test_an_unknown_character_answers_404(
    gate: Gate, made: Exchange, configuration: Configuration, form: str
) -> None:
    answer = gate.send("GET", character_path(form.format(configuration.run_id)))
    require_status(answer, 404, "no character has this id")


@pytest.mark.requirement("CHARACTER-007")
@pytest.mark.parametrize("name", [{}, {"name": ""}], ids=["missing", "empty"])
def test_a_character_needs_a_name(
    gate: Gate, made: Exchange, video: tuple[str, bytes, str], name: dict[str, str]
) -> None:
    family = "a character without a name"
    refused(gate, "POST", CHARACTERS, family=family, form={"video": video, **name})


@pytest.mark.requirement("CHARACTER-008")
def test_a_name_of_a_character_is_short(
    gate: Gate, made: Exchange, video: tuple[str, bytes, str], configuration: Configuration
) -> None:
    name = configuration.run_id.ljust(LONGEST_NAME + 1, "~")
    family = f"a character with a name of {len(name)} characters"
    refused(gate, "POST", CHARACTERS, family=family, form={"video": video, "name": name})


@pytest.mark.requirement("CHARACTER-009")
def test_a_character_needs_a_video(
    gate: Gate, made: Exchange, configuration: Configuration
) -> None:
    family = "a character without a video"
    refused(gate, "POST", CHARACTERS, family=family, form={"name": configuration.run_id})


@pytest.mark.requirement("CHARACTER-010")
def test_a_character_is_made_from_a_video_only(
    gate: Gate, made: Exchange, configuration: Configuration
) -> None:
    form = {"video": NO_VIDEO, "name": configuration.run_id}
    family = "a character from what is no video"
    refused(gate, "POST", CHARACTERS, family=family, form=form)


@pytest.mark.requirement("CHARACTER-011")
@pytest.mark.usefixtures("character_id")
def test_a_video_with_a_character_is_made(jobs: Jobs) -> None:
    jobs.made("cast")
    jobs.completed("plain")  # where no job is completed, that is for LIFE-001 to tell
    require_completed(jobs, "cast")
    require_download(jobs, "cast")


@pytest.mark.requirement("CHARACTER-012")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_unknown_character_is_given_no_part(
    gate: Gate, made: Exchange, configuration: Configuration, encoding: str
) -> None:
    request = naming(encoding, configuration.run_id, f"char_{configuration.run_id}")
    refused(gate, "POST", "/videos", family="an unknown character", **request)


@pytest.mark.requirement("CHARACTER-012")
def test_one_unknown_character_of_two_is_enough(
    gate: Gate, character_id: str, configuration: Configuration
) -> None:
    ids = (character_id, f"char_{configuration.run_id}")
    request = naming("json", configuration.run_id, *ids)
    refused(gate, "POST", "/videos", family="an unknown character", **request)


@pytest.mark.requirement("CHARACTER-013")
def test_a_video_has_at_most_two_characters(
    gate: Gate, character_id: str, configuration: Configuration
) -> None:
    request = naming("json", configuration.run_id, *[character_id] * 3)
    refused(gate, "POST", "/videos", family="three characters", **request)


@pytest.mark.requirement("CHARACTER-014")
def test_another_keys_character_is_not_found(
    gate: Gate, character_id: str, second_key: str
) -> None:
    answer = gate.send("GET", character_path(character_id), key=second_key)
    require_status(answer, 404, "the character is another key's")


@pytest.mark.requirement("CHARACTER-014")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_another_keys_character_is_not_used(
    gate: Gate, character_id: str, second_key: str, configuration: Configuration, encoding: str
) -> None:
    request = naming(encoding, configuration.run_id, character_id)
    family = "another key's character"
    refused(gate, "POST", "/videos", family=family, key=second_key, **request)


@pytest.mark.requirement("CHARACTER-015")
def test_a_character_is_no_video(gate: Gate, character_id: str) -> None:
    answer = gate.send("GET", video_path(character_id))
    require_status(answer, 404, "the id is that of a character")
    listed = gate.send("GET", "/videos", params={"limit": 100})
    require(
        character_id not in listed_ids(listed),
        expected="a list of videos only",
        seen=f"the character {character_id} in it",
        exchange=listed,
    )
