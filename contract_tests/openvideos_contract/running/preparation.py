"""From settings to what a run needs, and whether they go together; nothing is sent."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from openvideos_contract.contract import Contract
from openvideos_contract.judging import requirements
from openvideos_contract.judging.requirements import Requirement
from openvideos_contract.settings.configuration import (
    Configuration,
    ConfigurationError,
    chosen_profiles,
)
from openvideos_spec import ContractError, OverlayError

# What settings that cannot be right raise, those that a dialect's file holds among them.
UNFIT_SETTINGS = (ConfigurationError, ContractError, OverlayError)


def prepare(settings: Mapping[str, Any]) -> tuple[Contract, Configuration]:
    """Return the contract and the configuration that settings stand for.

    Args:
        settings: The fields of `Configuration` that somebody set, the profiles as they were named.

    Raises:
        ConfigurationError: They cannot be right, or do not go together.
        openvideos_spec.ContractError: There is no such dialect, or it cannot be right.
        openvideos_spec.OverlayError: It does not fit the contract.
    """
    if not settings.get("base_url"):
        raise ConfigurationError(
            "which server? Give --base-url, such as http://127.0.0.1:8000/v1, "
            "or set OPENVIDEOS_BASE_URL"
        )
    named = tuple(settings.get("named_profiles", ()))
    contract = Contract.load(settings.get("dialect"))
    configuration = Configuration(
        **{
            **settings,
            "profiles": chosen_profiles(named, contract.profiles),
            "named_profiles": frozenset(named) - {"all"},
        }
    )
    _check_catalogue(configuration, contract)
    _check_choice(configuration)
    return contract, configuration


def choose(known: Iterable[Requirement], configuration: Configuration) -> dict[str, Requirement]:
    """Return the requirements of the chosen profiles, without those that the user left out."""
    return {
        requirement.id: requirement
        for requirement in known
        if requirement.profile in configuration.profiles
        and not _is_named(requirement, configuration.skip)
        and (not configuration.only or _is_named(requirement, configuration.only))
    }


def area_of(number: str) -> str:
    """Return the area of a requirement, such as LIST of LIST-004."""
    return number.partition("-")[0]


def _is_named(requirement: Requirement, names: frozenset[str]) -> bool:
    return requirement.id in names or area_of(requirement.id) in names


def _check_catalogue(configuration: Configuration, contract: Contract) -> None:
    """Refuse a value that the dialect's catalogue does not have, before it is refused for money."""
    for name in ("model", "size", "seconds"):
        value, schema = getattr(configuration, name), f"Video{name.capitalize()}"
        if value is not None and contract.closed(schema) and value not in contract.known(schema):
            offered = ", ".join(contract.known(schema))
            raise ConfigurationError(
                f"--{name} {value}: the dialect {configuration.dialect} has {offered}"
            )
        if value is None and contract.requires(name) and not contract.closed(schema):
            raise ConfigurationError(
                f"--{name}: the dialect {configuration.dialect} wants one named in each create"
            )


def _check_choice(configuration: Configuration) -> None:
    """Refuse names that select nothing, which would silently leave out what was meant."""
    known = requirements.load()
    areas = {area_of(number) for number in known}
    for flag, names in (("--only", configuration.only), ("--skip", configuration.skip)):
        for name in sorted(names - set(known) - areas):
            what = "requirement" if "-" in name else "area of requirements"
            near = difflib.get_close_matches(name.upper(), [*known, *areas], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(f"{flag}: there is no {what} {name}{hint}")
    for name in sorted(configuration.only):
        profiles = {each.profile for each in known.values() if _is_named(each, frozenset({name}))}
        if not profiles & set(configuration.profiles):
            wanted = " or ".join(sorted(profiles))
            raise ConfigurationError(
                f"--only: {name} is of the profile {wanted}, which is not tested: "
                f"add --profile {sorted(profiles)[0]}"
            )
    if not choose(known.values(), configuration):
        raise ConfigurationError("nothing is left to test: --skip leaves out all that --only names")
