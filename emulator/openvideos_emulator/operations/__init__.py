"""The operations of the contract, each a function of the service and a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openvideos_emulator.operations import characters, content, derived, videos

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvideos_emulator.service import Handler

HANDLERS: Mapping[str, Handler] = {
    "create_video": videos.create,
    "list_videos": videos.list_page,
    "retrieve_video": videos.retrieve,
    "delete_video": videos.delete,
    "download_video_content": content.download,
    "remix_video": derived.remix,
    "edit_video": derived.edit,
    "extend_video": derived.extend,
    "create_character": characters.create,
    "retrieve_character": characters.retrieve,
}
