# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.extension_seconds import ExtensionSeconds, check_extension_seconds
from ..models.video_model import VideoModel, check_video_model
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.video_reference import VideoReference


T = TypeVar("T", bound="ExtendVideoJson")


@_attrs_define
class ExtendVideoJson:
    """How to continue, as JSON."""

    video: VideoReference
    """ A completed video. """
    prompt: str
    """ What the video shall show, in 1 to 32,000 characters. """
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
        video = self.video.to_dict()

        prompt = self.prompt

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
                "video": video,
                "prompt": prompt,
            }
        )
        if seconds is not UNSET:
            field_dict["seconds"] = seconds
        if model is not UNSET:
            field_dict["model"] = model

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.video_reference import VideoReference  # noqa: PLC0415

        d = dict(src_dict)
        video = VideoReference.from_dict(d.pop("video"))

        prompt = d.pop("prompt")

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

        extend_video_json = cls(
            video=video,
            prompt=prompt,
            seconds=seconds,
            model=model,
        )

        extend_video_json.additional_properties = d
        return extend_video_json

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
