"""Verifies webhooks by the rules of Standard Webhooks."""

from __future__ import annotations

from collections.abc import Mapping

import standardwebhooks

TOLERANCE_SECONDS = 300


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
