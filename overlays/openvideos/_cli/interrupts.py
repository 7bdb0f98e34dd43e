"""What Ctrl-C does: the first one stops watching, the second one leaves at once."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType


class NothingWasCreated(KeyboardInterrupt):
    """Ctrl-C came before a job was created, or between two attempts, the last being refused."""


class Interrupts:
    """Takes Ctrl-C for as long as a `with` block lasts.

    While a create is under way the first Ctrl-C waits for its answer, without which nobody would
    know the id of what may be billed. At any other time it is a KeyboardInterrupt. After the first
    one the system's own way is back, so that the second ends the process, whatever it is doing.
    """

    def __init__(self, say: Callable[[str], None], *, creates: bool = False) -> None:
        """Describe what is interrupted.

        Args:
            say: Told what Ctrl-C waits for.
            creates: Whether a job is to be created in the block.
        """
        self._say = say
        self._is_before_create = creates
        self._is_creating = False
        self._was_pressed = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def creating(self) -> Iterator[None]:
        """Let the first Ctrl-C wait until the block is left."""
        self._is_creating, self._is_before_create = True, False
        try:
            yield
        finally:
            self._is_creating = False

    def raise_if_pressed(self) -> None:
        """Stop where a Ctrl-C was made to wait.

        Raises:
            KeyboardInterrupt: It was.
        """
        if self._was_pressed:
            raise KeyboardInterrupt

    def sleep(self, seconds: float) -> None:
        """Sleep, as the client does between two requests.

        Raises:
            NothingWasCreated: Ctrl-C came before or meanwhile, while a job is being created.
            KeyboardInterrupt: Likewise, at any other time.
        """
        is_creating, self._is_creating = self._is_creating, False
        try:
            self.raise_if_pressed()
            time.sleep(seconds)
        except KeyboardInterrupt:
            if is_creating:
                raise NothingWasCreated from None
            raise
        finally:
            self._is_creating = is_creating

    def _pressed(self, _number: int, _frame: object) -> None:
        self._was_pressed = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self._is_before_create:
            raise NothingWasCreated
        if not self._is_creating:
            raise KeyboardInterrupt
        self._say(
            "The create is under way: waiting for the job's id. Ctrl-C again leaves at once; then "
            "the job may run, and be charged, all the same."
        )
