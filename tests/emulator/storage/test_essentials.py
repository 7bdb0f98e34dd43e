"""What every emulator does, with PostgreSQL and two workers."""

from collections.abc import Iterator

import pytest

from openvideos_emulator import Emulator

from ..test_create import test_a_prompt_comes_back_exactly as test_prompts  # noqa: F401 - run here
from ..test_derived import (  # noqa: F401 - run here
    test_a_character_is_made_found_and_used,
    test_a_reference_image_is_the_first_frame,
    test_a_remix_keeps_all_but_the_prompt,
    test_a_video_takes_six_extensions,
)
from ..test_keys import (  # noqa: F401 - run here
    test_a_character_is_its_keys_own,
    test_each_key_sees_only_its_own,
)
from ..test_list import (  # noqa: F401 - run here
    ids,
    test_a_deleted_video_is_gone_from_everywhere,
    test_a_page_has_twenty_unless_asked_otherwise,
    test_a_walk_gives_each_video_once_in_order,
    test_a_walk_is_right_while_videos_come_and_go,
    test_an_empty_page_says_whether_there_is_more,
)
from .conftest import MakeDatabase

pytestmark = pytest.mark.xdist_group("databases")


@pytest.fixture(scope="module")
def fast(make_postgresql: MakeDatabase) -> Iterator[Emulator]:
    with Emulator(db=make_postgresql(), workers=2, speed=100_000, quiet=True) as emulator:
        yield emulator
