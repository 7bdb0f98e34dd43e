# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.video_status import VideoStatus, check_video_status

if TYPE_CHECKING:
    from ..models.video_error import VideoError


T = TypeVar("T", bound="Video")


@_attrs_define
class Video:
    """A job that makes a video. All keys are always there, null where there is nothing to say.
    A server may add keys of its own. [seen]

    """

    id: str
    """ The job's id. Opaque. """
    object_: None | str
    """ Always `video`. """
    model: None | str
    """ The model that makes the video. """
    status: str | VideoStatus
    """ Where the job stands; a word of the contract, or the server's own. """
    progress: int | None
    """ How much of the work is done, roughly, in per cent. It never goes back. """
    created_at: int | None
    """ When the job was created, in Unix seconds. """
    completed_at: int | None
    """ When the job was completed, in Unix seconds; null until then. """
    expires_at: int | None
    """ When the assets can no longer be downloaded, in Unix seconds: an hour after
    completion, a day at some hosts. Null until completion. [docs]
     """
    prompt: None | str
    """ The prompt, exactly as it was sent. """
    size: None | str
    """ The picture's width by height in pixels. """
    seconds: None | str
    """ The video's length in seconds, as text; an extension's is the stitched total. """
    remixed_from_video_id: None | str
    """ The id of the video that this one is a remix of; null where it is none. """
    error: None | VideoError
    """ Why the job failed; null unless it did. """
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        from ..models.video_error import VideoError  # noqa: PLC0415

        id = self.id

        object_: None | str
        object_ = self.object_

        model: None | str
        model = self.model

        status: str
        if isinstance(self.status, str):
            status = self.status
        else:
            status = self.status

        progress: int | None
        progress = self.progress

        created_at: int | None
        created_at = self.created_at

        completed_at: int | None
        completed_at = self.completed_at

        expires_at: int | None
        expires_at = self.expires_at

        prompt: None | str
        prompt = self.prompt

        size: None | str
        size = self.size

        seconds: None | str
        seconds = self.seconds

        remixed_from_video_id: None | str
        remixed_from_video_id = self.remixed_from_video_id

        error: dict[str, Any] | None
        if isinstance(self.error, VideoError):
            error = self.error.to_dict()
        else:
            error = self.error

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "object": object_,
                "model": model,
                "status": status,
                "progress": progress,
                "created_at": created_at,
                "completed_at": completed_at,
                "expires_at": expires_at,
                "prompt": prompt,
                "size": size,
                "seconds": seconds,
                "remixed_from_video_id": remixed_from_video_id,
                "error": error,
            }
        )

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.video_error import VideoError  # noqa: PLC0415

        d = dict(src_dict)
        id = d.pop("id")

        def _parse_object_(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        object_ = _parse_object_(d.pop("object"))

        def _parse_model(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        model = _parse_model(d.pop("model"))

        def _parse_status(data: object) -> str | VideoStatus:
            try:
                if not isinstance(data, str):
                    raise TypeError()
                status_type_0 = check_video_status(data)

                return status_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(str | VideoStatus, data)

        status = _parse_status(d.pop("status"))

        def _parse_progress(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        progress = _parse_progress(d.pop("progress"))

        def _parse_created_at(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        created_at = _parse_created_at(d.pop("created_at"))

        def _parse_completed_at(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        completed_at = _parse_completed_at(d.pop("completed_at"))

        def _parse_expires_at(data: object) -> int | None:
            if data is None:
                return data
            return cast(int | None, data)

        expires_at = _parse_expires_at(d.pop("expires_at"))

        def _parse_prompt(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        prompt = _parse_prompt(d.pop("prompt"))

        def _parse_size(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        size = _parse_size(d.pop("size"))

        def _parse_seconds(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        seconds = _parse_seconds(d.pop("seconds"))

        def _parse_remixed_from_video_id(data: object) -> None | str:
            if data is None:
                return data
            return cast(None | str, data)

        remixed_from_video_id = _parse_remixed_from_video_id(d.pop("remixed_from_video_id"))

        def _parse_error(data: object) -> None | VideoError:
            if data is None:
                return data
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                error_type_0 = VideoError.from_dict(data)

                return error_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            return cast(None | VideoError, data)

        error = _parse_error(d.pop("error"))

        video = cls(
            id=id,
            object_=object_,
            model=model,
            status=status,
            progress=progress,
            created_at=created_at,
            completed_at=completed_at,
            expires_at=expires_at,
            prompt=prompt,
            size=size,
            seconds=seconds,
            remixed_from_video_id=remixed_from_video_id,
            error=error,
        )

        video.additional_properties = d
        return video

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
