# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

"""The operations, a module each, loaded when it is first asked for."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import create_character as create_character
    from . import create_video as create_video
    from . import delete_video as delete_video
    from . import download_video_content as download_video_content
    from . import edit_video as edit_video
    from . import extend_video as extend_video
    from . import list_videos as list_videos
    from . import remix_video as remix_video
    from . import retrieve_character as retrieve_character
    from . import retrieve_video as retrieve_video

__all__ = (
    "create_character",
    "create_video",
    "delete_video",
    "download_video_content",
    "edit_video",
    "extend_video",
    "list_videos",
    "remix_video",
    "retrieve_character",
    "retrieve_video",
)


def __getattr__(name: str) -> ModuleType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return sorted(__all__)
