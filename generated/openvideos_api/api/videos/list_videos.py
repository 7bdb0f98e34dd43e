# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from typing import Any

import httpx

from ... import errors
from ...client import AuthenticatedClient
from ...models.error_envelope import Error
from ...models.list_order import ListOrder
from ...models.video_list import VideoList
from ...types import UNSET, Unset


def request_arguments(
    *,
    limit: int | Unset = UNSET,
    order: ListOrder | Unset = UNSET,
    after: str | Unset = UNSET,
) -> dict[str, Any]:
    """What the `request` of an httpx client takes for this operation."""
    _kwargs: dict[str, Any] = {
        "method": "get",
        "url": "/videos",
    }

    params: dict[str, Any] = {}

    params["limit"] = limit

    json_order: str | Unset = UNSET
    if not isinstance(order, Unset):
        json_order = order

    params["order"] = json_order

    params["after"] = after

    params = {k: v for k, v in params.items() if v is not UNSET and v is not None}

    _kwargs["params"] = params
    return _kwargs


def parse_response(response: httpx.Response) -> Error | VideoList:
    """The answer as a model.

    Raises:
        errors.UnexpectedStatus: The contract does not describe this status."""
    if response.status_code == 200:
        response_200 = VideoList.from_dict(response.json())

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
    limit: int | Unset = UNSET,
    order: ListOrder | Unset = UNSET,
    after: str | Unset = UNSET,
) -> Error | VideoList:
    """List videos."""
    arguments = request_arguments(
        limit=limit,
        order=order,
        after=after,
    )
    return parse_response(client.get_httpx_client().request(**arguments))


async def asyncio(
    *,
    client: AuthenticatedClient,
    limit: int | Unset = UNSET,
    order: ListOrder | Unset = UNSET,
    after: str | Unset = UNSET,
) -> Error | VideoList:
    """List videos."""
    arguments = request_arguments(
        limit=limit,
        order=order,
        after=after,
    )
    return parse_response(await client.get_async_httpx_client().request(**arguments))
