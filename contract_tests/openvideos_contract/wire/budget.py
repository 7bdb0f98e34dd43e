"""How many jobs a run may start, and how many it has."""

from __future__ import annotations

import threading

from openvideos_contract.outcome import BudgetExhausted


class Budget:
    """Counts the jobs that a server accepted, and allows no more than `limit`.

    A place is taken before a request is sent and given back when the request was refused, so that
    requests under way at once cannot pass the limit together. A run in several processes needs
    another one with these methods.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def spent(self) -> int:
        """The jobs that were accepted, or may have been."""
        with self._lock:
            return self._taken

    @property
    def left(self) -> int:
        """The jobs that may still be started."""
        return self.limit - self.spent

    def take(self) -> None:
        """Take the place of one job.

        Raises:
            BudgetExhausted: None is left.
        """
        with self._lock:
            if self._taken >= self.limit:
                raise BudgetExhausted(
                    f"--max-videos {self.limit} is reached; this request might start one more job"
                )
            self._taken += 1

    def give_back(self) -> None:
        """Give back a place: the server refused the request."""
        with self._lock:
            self._taken -= 1
