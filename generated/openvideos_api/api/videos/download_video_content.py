# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from io import BytesIO
from typing import Any, cast
from urllib.parse import quote

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.content_variant import ContentVariant
from ...models.error_envelope import Error
from ...types import UNSET, File, Unset


def request_arguments(
    video_id: str,
    *,
    variant: ContentVariant | Unset = UNSET,
    range_: str | Unset = UNSET,
    if_range: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> dict[str, Any]:
    """What the `request` of an httpx client takes for this operation."""
    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/videos/{video_id}/content".format(
            video_id=quote(str(video_id), safe=""),
        ),
    }
    headers: dict[str, Any] = {}
    if not isinstance(range_, Unset):
        headers["Range"] = range_

    if not isinstance(if_range, Unset):
        headers["If-Range"] = if_range

    if not isinstance(if_none_match, Unset):
        headers["If-None-Match"] = if_none_match

    params: dict[str, Any] = {}

    json_variant: str | Unset = UNSET
    if not isinstance(variant, Unset):
        json_variant = variant

    params["variant"] = json_variant

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs["params"] = params
    _kwargs["headers"] = headers
    return _kwargs


def parse_response(response: httpx.Response) -> Any | Error | File:
    """The answer as a model.

    Raises:
        errors.UnexpectedStatus: The contract does not describe this status."""
    if response.status_code == 200:
        response_200 = File(payload=BytesIO(response.content))

        return response_200

    if response.status_code == 206:
        response_206 = File(payload=BytesIO(response.content))

        return response_206

    if response.status_code == 304:
        response_304 = cast(Any, None)
        return response_304

    if response.status_code == 400:
        response_400 = Error.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = Error.from_dict(response.json())

        return response_401

    if response.status_code == 404:
        response_404 = Error.from_dict(response.json())

        return response_404

    if response.status_code == 416:
        response_416 = Error.from_dict(response.json())

        return response_416

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
    video_id: str,
    *,
    client: AuthenticatedClient,
    variant: ContentVariant | Unset = UNSET,
    range_: str | Unset = UNSET,
    if_range: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Any | Error | File:
    """Download what a job made."""
    arguments = request_arguments(
        video_id=video_id,
        variant=variant,
        range_=range_,
        if_range=if_range,
        if_none_match=if_none_match,
    )
    return parse_response(client.get_httpx_client().request(**arguments))


async def asyncio(
    video_id: str,
    *,
    client: AuthenticatedClient,
    variant: ContentVariant | Unset = UNSET,
    range_: str | Unset = UNSET,
    if_range: str | Unset = UNSET,
    if_none_match: str | Unset = UNSET,
) -> Any | Error | File:
    """Download what a job made."""
    arguments = request_arguments(
        video_id=video_id,
        variant=variant,
        range_=range_,
        if_range=if_range,
        if_none_match=if_none_match,
    )
    return parse_response(await client.get_async_httpx_client().request(**arguments))
