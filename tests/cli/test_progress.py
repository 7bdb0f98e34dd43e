"""What is said while a job is waited for: neither a flood nor silence."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from openvideos import Video
from openvideos._cli.progress import EVERY, Lines


def video(status: str, progress: int | None = 0, id_: str = "video_1") -> Video:
    nothing = dict.fromkeys(
        ("object_", "model", "created_at", "completed_at", "expires_at", "prompt", "size")
    )
    rest: Any = {**nothing, "seconds": None, "remixed_from_video_id": None, "error": None}
    return Video(id=id_, status=status, progress=progress, **rest)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines(jobs: int = 1) -> tuple[Lines, Clock, list[str]]:
    clock, said = Clock(), list[str]()
    return Lines(said.append, jobs=jobs, now=clock), clock, said


def test_a_line_is_said_when_the_status_changes() -> None:
    shown, clock, said = lines()
    shown.changed(video("queued"))
    clock.now = 3
    shown.changed(video("in_progress", 10))
    clock.now = 4
    shown.changed(video("in_progress", 20))
    assert said == ["video_1: queued, 0 % (0 s)", "video_1: in_progress, 10 % (3 s)"]


def test_a_line_is_said_every_ten_seconds_where_nothing_changes() -> None:
    shown, clock, said = lines()
    for _ in range(25):
        clock.now += 1
        shown.tick()
    assert said == ["waiting for a first look (10 s)", "waiting for a first look (20 s)"]


def test_a_download_is_told_in_bytes() -> None:
    shown, clock, said = lines()
    shown.received(100, None)
    clock.now = 10
    shown.received(1000, 2000)
    assert said == ["saving, 1000 of 2000 bytes (10 s)"]


def test_several_jobs_are_told_in_sum() -> None:
    shown, clock, said = lines(jobs=3)
    shown.changed(video("completed", 100, "a"))
    shown.changed(video("queued", 0, "b"))
    clock.now = 12
    shown.tick()
    assert said[-1] == "1 of 3 jobs finished (12 s)"


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from(["queued", "in_progress"]))))
def test_lines_are_never_a_flood_and_never_silence(steps: list[tuple[float, str]]) -> None:
    shown, clock, said = lines()
    last_said, statuses = 0.0, list[str]()
    for progress, (pause, status) in enumerate(steps):
        clock.now += pause
        before = len(said)
        shown.changed(video(status, progress))
        is_change = statuses[-1:] != [status]
        statuses.append(status)
        is_due = clock.now - last_said >= EVERY
        assert len(said) - before == int(is_change or is_due)
        if len(said) > before:
            last_said = clock.now
