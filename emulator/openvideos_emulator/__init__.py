"""A server that keeps the Videos contract: for trying a product against, with no GPU and no bill.

`openvideos emulator` runs it; `Emulator` runs it from Python for as long as a block lasts.
"""

from openvideos_emulator.running import Emulator, EmulatorError

__all__ = ["Emulator", "EmulatorError"]
