"""How many jobs a run may start, and how many it has."""

from __future__ import annotations

from openvideos_contract.outcome import BudgetExhausted
from openvideos_contract.wire.ledger import Ledger


class Budget:
    """Counts the jobs that a server accepted, and allows no more than `limit`.

    A place is taken before a request is sent and given back when the request was refused, so that
    requests under way at once cannot pass the limit together. The places are in the ledger, which
    all processes of a run share.
    """

    def __init__(self, limit: int, ledger: Ledger) -> None:
        self.limit = limit
        self._ledger = ledger
        self._final: int | None = None

    @property
    def spent(self) -> int:
        """The jobs that were accepted, or may have been."""
        return self._ledger.count if self._final is None else self._final

    @property
    def left(self) -> int:
        """The jobs that may still be started."""
        return self.limit - self.spent

    def take(self, test: str = "", key: str = "") -> int:
        """Take the place of one job, and return its number.

        Args:
            test: The test that takes it.
            key: The name of the key that the job is asked for with.

        Raises:
            BudgetExhausted: None is left.
        """
        number = self._ledger.take(self.limit, test, key)
        if number is None:
            raise BudgetExhausted(
                f"--max-videos {self.limit} is reached; this request might start one more job"
            )
        return number

    def give_back(self, number: int) -> None:
        """Give back a place: the server refused the request."""
        self._ledger.give_back(number)

    def settle(self) -> None:
        """Keep the count as it is, for after the ledger is gone."""
        self._final = self.spent
