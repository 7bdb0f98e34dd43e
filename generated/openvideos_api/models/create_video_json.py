# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.video_model import VideoModel, check_video_model
from ..models.video_seconds import VideoSeconds, check_video_seconds
from ..models.video_size import VideoSize, check_video_size
from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.character_reference import CharacterReference
    from ..models.input_reference import InputReference


T = TypeVar("T", bound="CreateVideoJson")


@_attrs_define
class CreateVideoJson:
    """What to make, as JSON."""

    prompt: str
    """ What the video shall show, in 1 to 32,000 characters. """
    model: str | Unset | VideoModel = UNSET
    """ The model that makes the video: a known one, or whatever a server calls its own. Left out
    of a request, the server's default.
     """
    seconds: str | Unset | VideoSeconds = UNSET
    """ The length of the video to make, in seconds, as text: a known length, or another that a
    server offers. Left out, the server's default.
     """
    size: str | Unset | VideoSize = UNSET
    """ The picture's width by height in pixels, such as `720x1280`: a known size, or another that
    a server offers. Left out of a request, the server's default.
     """
    input_reference: InputReference | Unset = UNSET
    """ An image to start from, by URL or by the id of an uploaded file: exactly one of the two.
     """
    characters: list[CharacterReference] | Unset = UNSET
    """ The characters who appear, at most two. [docs]
     """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        prompt = self.prompt

        model: str | Unset
        if isinstance(self.model, Unset):
            model = UNSET
        elif isinstance(self.model, str):
            model = self.model
        else:
            model = self.model

        seconds: str | Unset
        if isinstance(self.seconds, Unset):
            seconds = UNSET
        elif isinstance(self.seconds, str):
            seconds = self.seconds
        else:
            seconds = self.seconds

        size: str | Unset
        if isinstance(self.size, Unset):
            size = UNSET
        elif isinstance(self.size, str):
            size = self.size
        else:
            size = self.size

        input_reference: dict[str, Any] | Unset = UNSET
        if not isinstance(self.input_reference, Unset):
            input_reference = self.input_reference.to_dict()

        characters: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.characters, Unset):
            characters = []
            for characters_item_data in self.characters:
                characters_item = characters_item_data.to_dict()
                characters.append(characters_item)

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "prompt": prompt,
            }
        )
        if model is not UNSET:
            field_dict["model"] = model
        if seconds is not UNSET:
            field_dict["seconds"] = seconds
        if size is not UNSET:
            field_dict["size"] = size
        if input_reference is not UNSET:
            field_dict["input_reference"] = input_reference
        if characters is not UNSET:
            field_dict["characters"] = characters

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.character_reference import CharacterReference  # noqa: PLC0415
        from ..models.input_reference import InputReference  # noqa: PLC0415

        d = dict(src_dict)
        prompt = d.pop("prompt")

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

        def _parse_seconds(data: object) -> str | Unset | VideoSeconds:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_any_video_seconds_type_0 = check_video_seconds(data)

                return componentsschemas_any_video_seconds_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | Unset | VideoSeconds, data)

        seconds = _parse_seconds(d.pop("seconds", UNSET))

        def _parse_size(data: object) -> str | Unset | VideoSize:
            if isinstance(data, Unset):
                return data
            try:
                if not isinstance(data, str):
                    raise TypeError()
                componentsschemas_any_video_size_type_0 = check_video_size(data)

                return componentsschemas_any_video_size_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | Unset | VideoSize, data)

        size = _parse_size(d.pop("size", UNSET))

        _input_reference = d.pop("input_reference", UNSET)
        input_reference: InputReference | Unset
        if isinstance(_input_reference, Unset):
            input_reference = UNSET
        else:
            input_reference = InputReference.from_dict(_input_reference)

        _characters = d.pop("characters", UNSET)
        characters: list[CharacterReference] | Unset = UNSET
        if _characters is not UNSET:
            characters = []
            for characters_item_data in _characters:
                characters_item = CharacterReference.from_dict(characters_item_data)

                characters.append(characters_item)

        create_video_json = cls(
            prompt=prompt,
            model=model,
            seconds=seconds,
            size=size,
            input_reference=input_reference,
            characters=characters,
        )

        create_video_json.additional_properties = d
        return create_video_json

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
