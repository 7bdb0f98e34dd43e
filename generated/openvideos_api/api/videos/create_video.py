# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.create_video_form import CreateVideoForm
from ...models.create_video_json import CreateVideoJson
from ...models.error_envelope import Error
from ...models.video import Video
from ...types import UNSET, Unset


def request_arguments(
    *,
    body: CreateVideoJson | CreateVideoForm | Unset = UNSET,
) -> dict[str, Any]:
    """What the `request` of an httpx client takes for this operation."""
    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/videos",
    }
    headers: dict[str, Any] = {}

    if isinstance(body, CreateVideoJson):
        _kwargs["json"] = body.to_dict()

    if isinstance(body, CreateVideoForm):
        _kwargs["files"] = body.to_multipart()

    return _kwargs


def parse_response(response: httpx.Response) -> Error | Video:
    """The answer as a model.

    Raises:
        errors.UnexpectedStatus: The contract does not describe this status."""
    if response.status_code == 200:
        response_200 = Video.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = Error.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Error.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = Error.from_dict(response.json())

        return response_404

    if response.status_code == 429:
        response_429 = Error.from_dict(response.json())

        return response_429

    if 400 <= response.status_code <= 499:
        response_4xx = Error.from_dict(response.json())

        return response_4xx

    if 500 <= response.status_code <= 599:
        response_5xx = Error.from_dict(response.json())

        return response_5xx

    raise errors.UnexpectedStatus(response.status_code, response.content)


def sync(
    *,
    client: AuthenticatedClient,
    body: CreateVideoJson | CreateVideoForm | Unset = UNSET,
) -> Error | Video:
    """Create a video."""
    arguments = request_arguments(
        body=body,
    )
    return parse_response(client.get_httpx_client().request(**arguments))


async def asyncio(
    *,
    client: AuthenticatedClient,
    body: CreateVideoJson | CreateVideoForm | Unset = UNSET,
) -> Error | Video:
    """Create a video."""
    arguments = request_arguments(
        body=body,
    )
    return parse_response(await client.get_async_httpx_client().request(**arguments))
