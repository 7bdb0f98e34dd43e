# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

"""A client library for accessing OpenVideos"""

from .client import AuthenticatedClient, Client

__all__ = (
    "AuthenticatedClient",
    "Client",
)
