# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from typing import Literal

VideoModel = Literal[
    "sora-2", "sora-2-2025-10-06", "sora-2-2025-12-08", "sora-2-pro", "sora-2-pro-2025-10-06"
]

VIDEO_MODEL_VALUES: set[VideoModel] = {
    "sora-2",
    "sora-2-2025-10-06",
    "sora-2-2025-12-08",
    "sora-2-pro",
    "sora-2-pro-2025-10-06",
}


def check_video_model(value: str) -> VideoModel:
    if value in VIDEO_MODEL_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {VIDEO_MODEL_VALUES!r}")
