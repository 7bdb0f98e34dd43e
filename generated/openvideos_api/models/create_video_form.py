# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from .. import types
from ..models.video_model import VideoModel, check_video_model
from ..models.video_seconds import VideoSeconds, check_video_seconds
from ..models.video_size import VideoSize, check_video_size
from ..types import UNSET, File, FileTypes, Unset

T = TypeVar("T", bound="CreateVideoForm")


@_attrs_define
class CreateVideoForm:
    """What to make, as a form. Of the three `input_reference` fields at most one is sent. [run]"""

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
    input_reference: File | Unset = UNSET
    """ An image to start from, with exactly the width and height of `size`. """
    input_referenceimage_url: str | Unset = UNSET
    """ The full URL of an image, or a `data:` URL that holds it in Base64. """
    input_referencefile_id: str | Unset = UNSET
    """ The id of an image file that was uploaded to the same server. [run]
     """
    charactersid: list[str] | Unset = UNSET
    """ The ids of the characters who appear, at most two, the field repeated for each. [run]
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

        input_reference: FileTypes | Unset = UNSET
        if not isinstance(self.input_reference, Unset):
            input_reference = self.input_reference.to_tuple()

        input_referenceimage_url = self.input_referenceimage_url

        input_referencefile_id = self.input_referencefile_id

        charactersid: list[str] | Unset = UNSET
        if not isinstance(self.charactersid, Unset):
            charactersid = self.charactersid

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
        if input_referenceimage_url is not UNSET:
            field_dict["input_reference[image_url]"] = input_referenceimage_url
        if input_referencefile_id is not UNSET:
            field_dict["input_reference[file_id]"] = input_referencefile_id
        if charactersid is not UNSET:
            field_dict["characters[][id]"] = charactersid

        return field_dict

    def to_multipart(self) -> types.RequestFiles:
        files: types.RequestFiles = []

        files.append(("prompt", (None, str(self.prompt).encode(), "text/plain")))

        if not isinstance(self.model, Unset):
            if isinstance(self.model, str):
                files.append(("model", (None, str(self.model).encode(), "text/plain")))
            else:
                files.append(("model", (None, str(self.model).encode(), "text/plain")))

        if not isinstance(self.seconds, Unset):
            if isinstance(self.seconds, str):
                files.append(("seconds", (None, str(self.seconds).encode(), "text/plain")))
            else:
                files.append(("seconds", (None, str(self.seconds).encode(), "text/plain")))

        if not isinstance(self.size, Unset):
            if isinstance(self.size, str):
                files.append(("size", (None, str(self.size).encode(), "text/plain")))
            else:
                files.append(("size", (None, str(self.size).encode(), "text/plain")))

        if not isinstance(self.input_reference, Unset):
            files.append(("input_reference", self.input_reference.to_tuple()))

        if not isinstance(self.input_referenceimage_url, Unset):
            files.append(
                (
                    "input_reference[image_url]",
                    (None, str(self.input_referenceimage_url).encode(), "text/plain"),
                )
            )

        if not isinstance(self.input_referencefile_id, Unset):
            files.append(
                (
                    "input_reference[file_id]",
                    (None, str(self.input_referencefile_id).encode(), "text/plain"),
                )
            )

        if not isinstance(self.charactersid, Unset):
            for charactersid_item_element in self.charactersid:
                files.append(
                    (
                        "characters[][id]",
                        (None, str(charactersid_item_element).encode(), "text/plain"),
                    )
                )

        for prop_name, prop in self.additional_properties.items():
            files.append((prop_name, (None, str(prop).encode(), "text/plain")))

        return files

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
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
        input_reference: File | Unset
        if isinstance(_input_reference, Unset):
            input_reference = UNSET
        else:
            input_reference = File(payload=BytesIO(_input_reference))

        input_referenceimage_url = d.pop("input_reference[image_url]", UNSET)

        input_referencefile_id = d.pop("input_reference[file_id]", UNSET)

        charactersid = cast(list[str], d.pop("characters[][id]", UNSET))

        create_video_form = cls(
            prompt=prompt,
            model=model,
            seconds=seconds,
            size=size,
            input_reference=input_reference,
            input_referenceimage_url=input_referenceimage_url,
            input_referencefile_id=input_referencefile_id,
            charactersid=charactersid,
        )

        create_video_form.additional_properties = d
        return create_video_form

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
