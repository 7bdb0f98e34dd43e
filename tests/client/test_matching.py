"""Which listed video a lost create made: only where that is sure, and never one of another's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import Video
from openvideos._protocol.decoding import stored_video
from openvideos._waiting.matching import CannotTell, Found, NoneFound, Several, Wanted, match

BEGAN, ENDED = 1_800_000_000.0, 1_800_000_030.0
WANTED = Wanted(BEGAN, ENDED, prompt="a cat", model="sora-2", size="720x1280", seconds="4")


def video(id_: str = "video_1", **fields: Any) -> Video:
    return stored_video({"status": "queued", "created_at": BEGAN + 5, **fields}, id_)


FULL = {"prompt": "a cat", "model": "sora-2", "size": "720x1280", "seconds": "4"}


def test_the_one_video_with_the_prompt_in_that_time_is_it() -> None:
    listed = [video("other", prompt="a dog"), video(**FULL), video("old", **FULL, created_at=9)]
    found = match(listed, WANTED)
    assert isinstance(found, Found)
    assert (found.video.id, found.by_prompt) == ("video_1", True)


def test_the_one_video_in_that_time_is_it_where_the_list_shows_no_prompts() -> None:
    assert match([video()], WANTED) == Found(video(), by_prompt=False)


def test_a_video_that_is_claimed_is_out_of_the_question() -> None:
    assert match([video(**FULL)], WANTED, claimed={"video_1"}) == NoneFound()
    assert isinstance(match([video("a", **FULL), video("b", **FULL)], WANTED, claimed="a"), Found)


def test_an_empty_list_shows_none() -> None:
    assert match([], WANTED) == NoneFound()


def test_a_video_that_is_listed_twice_is_one() -> None:
    assert isinstance(match([video(**FULL), video(**FULL)], WANTED), Found)


def test_two_that_agree_are_several() -> None:
    outcome = match([video("a", **FULL), video("b")], WANTED)
    assert isinstance(outcome, Several)
    assert [each.id for each in outcome.videos] == ["a", "b"]


@pytest.mark.parametrize(
    "other", [{"model": "sora-2-pro"}, {"size": "1280x720"}, {"seconds": "8"}], ids=str
)
def test_what_tells_equal_prompts_apart_is_model_size_and_length(other: dict[str, str]) -> None:
    found = match([video("a", **FULL), video("b", **{**FULL, **other})], WANTED)
    assert isinstance(found, Found)
    assert found.video.id == "a"
    alone = match([video("b", **{**FULL, **other})], WANTED)
    assert isinstance(alone, CannotTell)
    assert "b was created in that time, but differs in" in alone.reason
    assert repr(*other.values()) in alone.reason
    assert [each.id for each in alone.videos] == ["b"]


@pytest.mark.parametrize(
    "same",
    [
        {"model": "openai/sora-2"},
        {"model": "openai:Sora-2"},
        {"model": "sora-2-2025-10-06"},
        {"size": "auto"},
        {"size": None},
        {"seconds": "4.04"},
        {"seconds": 4},
        {"seconds": "0"},
        {"prompt": " a\n cat "},
        {"prompt": "a c…"},
        {"prompt": None},
    ],
    ids=str,
)
def test_what_servers_spell_otherwise_is_the_same(same: dict[str, Any]) -> None:
    assert isinstance(match([video(**{**FULL, **same})], WANTED), Found)


@pytest.mark.parametrize(
    ("created", "is_it"),
    [
        (BEGAN - 60, True),
        (BEGAN - 62, False),
        (ENDED + 60, True),
        (ENDED + 61, False),
        ((BEGAN + 5) * 1000, True),
    ],
)
def test_a_video_of_another_time_is_out_of_the_question(created: float, is_it: bool) -> None:
    outcome = match([video(**FULL, created_at=created)], WANTED)
    assert isinstance(outcome, Found if is_it else NoneFound)


@pytest.mark.parametrize("created", [None, 0, "soon"])
def test_a_list_without_times_cannot_tell_one_from_an_old_one(created: Any) -> None:
    outcome = match([video(**FULL, created_at=created)], WANTED)
    assert isinstance(outcome, CannotTell)
    assert "does not show when video_1 was created" in outcome.reason
    assert match([video(prompt="a dog", created_at=created)], WANTED) == NoneFound()


FIELDS = st.fixed_dictionaries(
    {"created_at": st.sampled_from([None, 0, BEGAN - 500, BEGAN, ENDED, ENDED + 500])},
    optional={
        "prompt": st.sampled_from([None, "a cat", "a dog", ""]),
        "model": st.sampled_from([None, "sora-2", "sora-2-pro"]),
        "size": st.sampled_from([None, "auto", "720x1280", "1280x720"]),
        "seconds": st.sampled_from([None, "4", "8"]),
    },
)


@given(
    listed=st.lists(st.tuples(st.sampled_from("abcdef"), FIELDS), max_size=8),
    claimed=st.sets(st.sampled_from("abcdef")),
    seed=st.randoms(use_true_random=False),
)
def test_no_claimed_old_or_other_video_is_ever_taken_in_whatever_order_it_comes(
    listed: list[tuple[str, dict[str, Any]]], claimed: set[str], seed: Any
) -> None:
    videos = list({id_: video(id_, **fields) for id_, fields in listed}.values())
    outcome = match(videos, WANTED, claimed=claimed)
    if isinstance(outcome, Found):
        taken = outcome.video
        assert taken.id not in claimed
        assert taken.created_at in {BEGAN, ENDED}
        assert taken.prompt in {None, "", "a cat"}
        assert taken.seconds in {None, "4"}
        without = match([each for each in videos if each.id != taken.id], WANTED, claimed=claimed)
        assert not isinstance(without, Found | Several)
    shuffled = list(videos)
    seed.shuffle(shuffled)
    again = match(shuffled, WANTED, claimed=claimed)
    assert type(again) is type(outcome)
    if isinstance(outcome, Found):
        assert again == outcome
