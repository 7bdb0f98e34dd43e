# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import types
from ..models.extension_seconds import ExtensionSeconds, check_extension_seconds
from ..models.video_model import VideoModel, check_video_model
from ..types import UNSET, File, FileTypes, Unset

T = TypeVar("T", bound="ExtendVideoForm")


@_attrs_define
class ExtendVideoForm:
    """How to continue, as a form. Of the two `video` fields exactly one is sent. [run]"""

    prompt: str
    """ What the video shall show, in 1 to 32,000 characters. """
    video: File | Unset = UNSET
    """ The video to continue, as an MP4. """
    videoid: str | Unset = UNSET
    """ The id of the completed video to continue. [run]
     """
    seconds: ExtensionSeconds | str | Unset = UNSET
    """ By how many seconds to extend the video, as text: a known length, or another that a server
    offers. Left out, the server's default.
     """
    model: str | Unset | VideoModel = UNSET
    """ The model that makes the video: a known one, or whatever a server calls its own. Left out
    of a request, the server's default.
     """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        prompt = self.prompt

        video: FileTypes | Unset = UNSET
        if not isinstance(self.video, Unset):
            video = self.video.to_tuple()

        videoid = self.videoid

        seconds: str | Unset
        if isinstance(self.seconds, Unset):
            seconds = UNSET
        elif isinstance(self.seconds, str):
            seconds = self.seconds
        else:
            seconds = self.seconds

        model: str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        elif isinstance(self.model, str):
            model = self.model
        else:
            model = self.model

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "prompt": prompt,
            }
        )
        if video is not UNSET:
            field_dict["video"] = video
        if videoid is not UNSET:
            field_dict["video[id]"] = videoid
        if seconds is not UNSET:
            field_dict["seconds"] = seconds
        if model is not UNSET:
            field_dict["model"] = model

        return field_dict

    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        files.append(("prompt", (None, str(self.prompt).encode(), "text/plain")))

        if not isinstance(self.video, Unset):
            files.append(("video", self.video.to_tuple()))

        if not isinstance(self.videoid, Unset):
            files.append(("video[id]", (None, str(self.videoid).encode(), "text/plain")))

        if not isinstance(self.seconds, Unset):
            if isinstance(self.seconds, str):
                files.append(("seconds", (None, str(self.seconds).encode(), "text/plain")))
            else:
                files.append(("seconds", (None, str(self.seconds).encode(), "text/plain")))

        if not isinstance(self.model, Unset):
            if isinstance(self.model, str):
                files.append(("model", (None, str(self.model).encode(), "text/plain")))
            else:
                files.append(("model", (None, str(self.model).encode(), "text/plain")))

        for prop_name, prop in self.additional_properties.items():
            files.append((prop_name, (None, str(prop).encode(), "text/plain")))

        return files

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        prompt = d.pop("prompt")

        _video = d.pop("video", UNSET)
        video: File | Unset
        if isinstance(_video, Unset):
            video = UNSET
        else:
            video = File(payload=BytesIO(_video))

        videoid = d.pop("video[id]", UNSET)

        def _parse_seconds(data: object) -> ExtensionSeconds | str | Unset:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_any_extension_seconds_type_0 = check_extension_seconds(data)

                return componentsschemas_any_extension_seconds_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(ExtensionSeconds | str | Unset, data)

        seconds = _parse_seconds(d.pop("seconds", UNSET))

        def _parse_model(data: object) -> str | Unset | VideoModel:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_any_video_model_type_0 = check_video_model(data)

                return componentsschemas_any_video_model_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | Unset | VideoModel, data)

        model = _parse_model(d.pop("model", UNSET))

        extend_video_form = cls(
            prompt=prompt,
            video=video,
            videoid=videoid,
            seconds=seconds,
            model=model,
        )

        extend_video_form.additional_properties = d
        return extend_video_form

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
