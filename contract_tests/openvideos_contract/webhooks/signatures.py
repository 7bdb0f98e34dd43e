"""Verifies webhooks by the rules of Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping

import standardwebhooks
from standardwebhooks.webhooks import EmptyWebhookSecretError

from openvideos_contract.settings.configuration import ConfigurationError

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"


def verifier(secret: str) -> standardwebhooks.Webhook:
    """Return what verifies webhooks that are signed with a secret.

    Raises:
        ConfigurationError: It is no such secret.
    """
    try:
        return standardwebhooks.Webhook(secret if secret.startswith(PREFIX) else "")
    except (ValueError, EmptyWebhookSecretError):
        # Not the cause, which would show the secret.
        raise ConfigurationError(
            f"--webhook-secret must be {PREFIX} and Base64, what the server signs its webhooks with"
        ) from None


def flaw(verifier: standardwebhooks.Webhook, headers: Mapping[str, str], body: bytes) -> str:
    """Return what is wrong with the signature of a webhook that has just come, or nothing.

    Args:
        verifier: What verifies it.
        headers: Its headers.
        body: Its body, just as it came.
    """
    try:
        verifier.verify(body, dict(headers), json_parse=False)
    except standardwebhooks.WebhookVerificationError as error:
        return str(error)
    except ValueError as error:
        # Neither Base64 nor a version and a signature, or a body that is no text.
        return f"the signature cannot be read: {error}"
    return ""
