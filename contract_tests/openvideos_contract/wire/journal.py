"""Deletes afterwards what a run left that was killed, or that could not clean up."""

from __future__ import annotations

import attrs

from openvideos_contract.contract import Contract
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.settings.values import ConfigurationError
from openvideos_contract.wire.cleaning import adopt_marked
from openvideos_contract.wire.gate import Gate
from openvideos_contract.wire.made import Made


def clean_up(run_id: str, configuration: Configuration) -> list[Made]:
    """Delete what a run made and did not delete; return what could not be deleted.

    What it made is read from its ledger, where one is left, and looked for in the server's list:
    each of its prompts bears its id.

    Args:
        run_id: The run, as its output and its reports name it.
        configuration: Where the server is, and the keys that the run used.

    Raises:
        ConfigurationError: There is no such run id, the run was against another server, or what it
            made can be told neither by a ledger nor by the server's list.
    """
    settings = attrs.evolve(configuration, run_id=run_id, max_videos=1)
    gate = Gate(settings, Contract.load(configuration.dialect))
    try:
        against, noted = gate.ledger.base_url, gate.ledger.exists
        if against and against != settings.base_url:
            raise ConfigurationError(
                f"the run {run_id} was against {against}, and not {settings.base_url}: "
                f"give --base-url {against}"
            )
        if not adopt_marked(gate) and not noted:
            raise ConfigurationError(
                f"what the run {run_id} left cannot be told: this machine has no ledger of it, "
                "and the server's list cannot be had to its end, or shows no prompts"
            )
        return gate.delete_made()
    finally:
        gate.close()
