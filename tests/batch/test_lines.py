"""The file of a batch: checked as a whole before anything is sent."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from openvideos._batch.lines import Line, UnusableLinesError, read_lines


def written(folder: Path, *lines: str) -> Path:
    file = folder / "jobs.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_all_bad_lines_are_named_at_once(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        '{"prompt": "a cat"}',
        "{",
        '["a cat"]',
        '{"prompt": " "}',
        '{"prompt": "a cat", "width": 3}',
        '{"prompt": "a cat", "seconds": []}',
        '{"prompt": "a cat", "input_reference": "missing.png"}',
        '{"prompt": "a cat", "name": "../cat"}',
        '{"prompt": "a cat", "name": "Cat"}',
        '{"prompt": "a dog", "id": "cat.mp4"}',
        '{"prompt": "a cat", "seconds": NaN}',
    )
    with pytest.raises(UnusableLinesError) as caught:
        read_lines(file)
    complaints = str(caught.value).splitlines()
    assert [complaint.partition(":")[0] for complaint in complaints] == [
        f"line {number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 11)
    ]
    assert "known are prompt, model" in complaints[3]
    assert "line 9 names its file 'cat.mp4' as well" in complaints[7]


def test_a_picture_is_found_beside_the_file_and_its_size_is_compared(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (720, 1280)).save(picture, "PNG")
    (tmp_path / "start.png").write_bytes(picture.getvalue())
    good = '{"prompt": "a cat", "size": "720x1280", "input_reference": "start.png"}'
    [line] = read_lines(written(tmp_path, good))
    assert line.keywords(tmp_path)["input_reference"] == tmp_path / "start.png"
    with pytest.raises(UnusableLinesError, match="720x1280, but size is 1280x720"):
        read_lines(written(tmp_path, good.replace("720x1280", "1280x720")))


def test_an_address_is_no_path(tmp_path: Path) -> None:
    [line] = read_lines(
        written(tmp_path, '{"prompt": "a cat", "input_reference": "https://host/a.png"}')
    )
    assert line.keywords(tmp_path)["input_reference"] == "https://host/a.png"


def test_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    file = written(tmp_path, '\ufeff{"prompt": "a cat"}', "", "  ", '{"prompt": "a\u2028cat"}\r')
    assert [line.position for line in read_lines(file)] == [1, 4]


@pytest.mark.parametrize("lines", [[], [""]])
def test_a_file_without_lines_is_an_error(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(UnusableLinesError, match="has no lines"):
        read_lines(written(tmp_path, *lines))
    with pytest.raises(UnusableLinesError, match="cannot be read"):
        read_lines(tmp_path / "other.jsonl")


FIELDS = st.dictionaries(
    st.sampled_from(["prompt", "model", "size", "name", "extra_body"]),
    st.text(max_size=3) | st.integers() | st.lists(st.text(max_size=2), max_size=2),
)


@given(FIELDS, FIELDS)
def test_lines_are_the_same_exactly_where_their_contents_are(
    one: dict[str, object], other: dict[str, object]
) -> None:
    backwards = dict(reversed(one.items()))
    assert Line(1, one).digest == Line(2, backwards).digest
    assert (Line(1, one).digest == Line(1, other).digest) == (
        Line(1, one).to_json() == Line(1, other).to_json()
    )


def test_a_name_is_no_part_of_what_is_asked_for() -> None:
    one, other = Line(1, {"prompt": "x", "name": "a"}), Line(2, {"prompt": "x", "id": "b"})
    assert one.wish == other.wish
    assert one.digest != other.digest
