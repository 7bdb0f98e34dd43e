"""The contract as data: `openapi.yaml`, the dialects laid over it, and the means to read them.

No behaviour lives here: the emulator and the conformance suite read the protocol from this
package and never from each other.
"""

from openvideos_spec._contract import (
    ContractError,
    contract_path,
    dialect_names,
    dialect_path,
    load,
    load_dialect,
)
from openvideos_spec._overlay import OverlayError, apply_overlay, merge

__all__ = [
    "ContractError",
    "OverlayError",
    "apply_overlay",
    "contract_path",
    "dialect_names",
    "dialect_path",
    "load",
    "load_dialect",
    "merge",
]
