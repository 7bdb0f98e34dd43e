"""What a delivery sends: headers and a body."""

from __future__ import annotations

import attrs


@attrs.define
class Envelope:
    """A delivery as it leaves.

    Attributes:
        headers: By their names in small letters, all but the signature.
        body: The event, as JSON.
        is_signed: Whether a signature is added, over what the headers and the body are then.
        status: What counts as the receiver's answer, so that nothing is sent; None where it is.
    """

    headers: dict[str, str]
    body: str
    is_signed: bool = True
    status: int | None = None
