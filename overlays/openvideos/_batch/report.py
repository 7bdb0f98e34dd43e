"""What came of a batch: for people, for programs, and as an exit code."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from attrs import frozen

from openvideos._cli.exit_codes import ExitCode
from openvideos._cli.output import printable

from .costs import total
from .states import OVER, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .rows import Row, Stray

_HELD = "held"
_LONGEST_REASON = 500  # characters


@frozen
class Report:
    """How a batch stands.

    Attributes:
        rows: Its lines.
        strays: Jobs that lines had beside their own.
        ledger: Where the ledger is.
        folder: Where the files are.
    """

    rows: Sequence[Row]
    strays: Sequence[Stray]
    ledger: str
    folder: Path

    @property
    def cost(self) -> str | None:
        """What all jobs cost in US dollars; None where that is not known.

        Jobs that failed are not counted: whether they are charged differs from server to server.
        """
        if self.strays or any(row.repeats for row in self.rows):
            return None  # somebody may have been charged twice
        begun = (row for row in self.rows if row.state not in {State.PENDING, State.FAILED})
        return total(row.cost for row in begun)

    @property
    def exit_code(self) -> ExitCode:
        """What the batch's end means, where nothing else ended it."""
        if any(row.state not in OVER for row in self.rows):
            return ExitCode.RUNS_ON
        if any(row.state == State.FAILED for row in self.rows):
            return ExitCode.JOB_ENDED
        return ExitCode.DONE

    def document(self) -> dict[str, Any]:
        """Return it for programs. A cost that is not known is null."""
        return {
            "ledger": self.ledger,
            "folder": str(self.folder),
            "counts": dict(self._counts()),
            "cost": _number(self.cost),
            "lines": [self._line(row) for row in self.rows],
            "other_jobs": [
                {"line": stray.position, "id": stray.video_id, "reason": stray.reason}
                for stray in self.strays
            ],
        }

    def text(self) -> Iterator[str]:
        """Yield it for people, line by line."""
        cost = "cost unknown" if self.cost is None else f"{self.cost} dollars"
        counts = ", ".join(f"{number} {status}" for status, number in self._counts().items())
        yield f"{counts}; {cost}"
        for row in self.rows:
            if row.reason:
                job = f" ({row.video_id})" if row.video_id else ""
                reason = printable(row.reason)[:_LONGEST_REASON]
                yield f"line {row.position} {_status(row)}{job}: {reason}"
        for row in self.rows:
            if row.repeats:
                yield f"line {row.position} was created again though there may have been a job"
        for stray in self.strays:
            yield f"line {stray.position} had another job, {stray.video_id}: {stray.reason}"

    def _counts(self) -> Counter[str]:
        return Counter(_status(row) for row in self.rows)

    def _line(self, row: Row) -> dict[str, Any]:
        is_saved = row.state == State.SAVED and row.file is not None
        return {
            "line": row.position,
            "name": row.line.name,
            "status": _status(row),
            "state": row.state.value,
            "id": row.video_id,
            "path": str(self.folder / (row.file or "")) if is_saved else None,
            "cost": _number(row.cost),
            "reason": row.reason,
            "repeats": row.repeats,
        }


def _status(row: Row) -> str:
    return _HELD if row.held else row.state.value


def _number(cost: str | None) -> float | None:
    return None if cost is None else float(cost)
