"""`openvideos get`."""

from .command_apps import command_app
from .completion import SomeJobIds
from .costs import cost_in_journal
from .exit_codes import ExitCode
from .journal import Journal
from .looking import Last, for_each, named_ids
from .options import ServerOptions
from .outcomes import Outcome, reporting
from .output import Output, printable


def get(
    server: ServerOptions, output: Output, *, ids: SomeJobIds = None, last: Last = False
) -> None:
    """Look at jobs once. A job that failed, expired or was cancelled is exit code 5."""
    with reporting("get", output, lists=len(ids or ()) > 1) as report, server.client() as client:
        journal = Journal.of_user(output.warn)

        def look(outcome: Outcome) -> None:
            id_ = str(outcome.id)
            outcome.video = client.videos.retrieve(id_)
            journal.saw(id_, client.base_url, status=outcome.video.status)
            entry = journal.entry_of(id_, client.base_url)
            outcome.cost = cost_in_journal(outcome.video, entry)
            if outcome.ended_badly:
                outcome.code = ExitCode.JOB_ENDED

        report.line = _lines
        for_each(report, named_ids(ids, last=last, journal=journal, client=client), look)


def _lines(outcome: Outcome) -> str:
    document = outcome.document()
    shown = {name: value for name, value in document.items() if name not in {"path", "cost"}}
    return "\n".join(
        f"{name}: {printable(str(value))}" for name, value in shown.items() if value is not None
    )


app = command_app(get)
