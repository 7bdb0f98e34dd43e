"""`openvideos wait`."""

from .command_apps import command_app
from .completion import SomeJobIds
from .interrupts import Interrupts
from .journal import Journal
from .looking import Last, named_ids
from .options import FileOptions, PriceOptions, ServerOptions, WaitOptions
from .outcomes import reporting
from .output import Output
from .saving import Saver


def wait(
    wait: WaitOptions,
    file: FileOptions,
    price: PriceOptions,
    server: ServerOptions,
    output: Output,
    *,
    ids: SomeJobIds = None,
    last: Last = False,
) -> None:
    """Wait for jobs that were started, here or elsewhere, and save each when it is finished.

    Ctrl-C stops the waiting, and the jobs run on.
    """
    several = len(ids or ()) > 1
    with (
        reporting("wait", output, lists=several) as report,
        Interrupts(output.warn) as interrupts,
        server.client(interrupts) as client,
    ):
        report.again = server.again(client.base_url)
        limits = wait.arguments()
        target = file.target(several=several)
        report.place = file.again()
        journal = Journal.of_user(output.warn)
        named = named_ids(ids, last=last, journal=journal, client=client)
        saver = Saver(
            client,
            journal,
            report,
            target,
            overwrite=file.force,
            price_a_second=price.price_a_second(),
        )
        outcomes = [report.of(id_) for id_ in named]
        try:
            saver.wait_and_save_each(outcomes, **limits)
        except KeyboardInterrupt:
            left = [str(outcome.id) for outcome in outcomes if not outcome.is_settled]
            if left:
                again = report.saving_line("wait", *left)
                output.warn(f"{len(left)} left running: {again}")
            raise


app = command_app(wait)
