"""What a run would do, told without sending anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from openvideos_contract.contract import Contract
from openvideos_contract.jobs import plan
from openvideos_contract.jobs.plan import JobRequest
from openvideos_contract.judging.requirements import Level
from openvideos_contract.reports import terminal
from openvideos_contract.running.runner import collect
from openvideos_contract.running.session import Session
from openvideos_contract.settings.configuration import Configuration


def dry_run(contract: Contract, configuration: Configuration) -> str:
    """Return what a run would test and make.

    Raises:
        SuiteFaultError: The tests cannot be collected.
    """
    session = Session(configuration, contract)
    collect(session)
    chosen = session.chosen
    planned = plan.plan(configuration, contract, chosen)
    needed = plan.needed(configuration, contract, chosen)
    lines = [
        terminal.before(configuration, contract, planned, needed),
        f"  tested    {_by_level(session)}",
        f"  tests     {_counted(sum(group.tests for group in session.groups.values()), 'test')}:",
        *(f"            - {name}: {group.tests}" for name, group in session.groups.items()),
        f"  at most   {_most(planned, configuration.max_videos, plan.spare(planned, chosen))}",
        "  cost      unknown: what a job costs is the server's to say",
        "Nothing was sent: this was a dry run.",
    ]
    return "\n".join(lines)


def _by_level(session: Session) -> str:
    counts = Counter(requirement.level for requirement in session.chosen.values())
    told = ", ".join(f"{counts[level]} {level}" for level in Level if counts[level])
    return f"{_counted(len(session.chosen), 'requirement')} ({told})"


def _most(planned: Sequence[JobRequest], limit: int, spare: int) -> str:
    """Return the most jobs that there can be, and how long they are as far as that is known."""
    affordable = plan.affordable(planned, limit, spare)
    made = [wanted for wanted in planned if wanted.name in affordable for _ in range(wanted.count)]
    known = [float(wanted.fields["seconds"]) for wanted in made if "seconds" in wanted.fields]
    parts = []
    if known:
        parts.append(f"{_counted(len(known), 'job')} of {sum(known):g} s in all")
    if len(known) < limit:
        unknown = limit - len(known)
        parts.append(f"{unknown} as long as the server chooses or a wrong request names")
    return "; ".join([_counted(limit, "job"), *([" and ".join(parts)] if parts else [])])


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
