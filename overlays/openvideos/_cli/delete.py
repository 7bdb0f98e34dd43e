"""`openvideos delete`."""

from .command_apps import command_app
from .completion import JobIds
from .journal import Journal
from .looking import for_each, named_ids
from .options import ServerOptions
from .outcomes import Outcome, reporting
from .output import Output


def delete(ids: JobIds, server: ServerOptions, output: Output) -> None:
    """Delete jobs and what they made, for good; this is how a running job is cancelled.

    Some servers work on all the same, and charge for it; some refuse until it is over.
    """
    with reporting("delete", output, lists=len(ids) > 1) as report, server.client() as client:
        journal = Journal.of_user(output.warn)

        def remove(outcome: Outcome) -> None:
            client.videos.delete(str(outcome.id))
            outcome.status = "deleted"
            journal.saw(str(outcome.id), client.base_url, status="deleted")

        report.line = lambda outcome: outcome.id
        for_each(report, named_ids(ids, last=False, journal=journal, client=client), remove)


app = command_app(delete)
