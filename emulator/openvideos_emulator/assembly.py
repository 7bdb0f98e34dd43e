"""Puts an emulator together from its settings."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import openvideos_spec
from openvideos_emulator.app import create_app
from openvideos_emulator.canned import opened
from openvideos_emulator.catalogue import Catalogue
from openvideos_emulator.clock import Clock, SystemClock
from openvideos_emulator.contract import Contract
from openvideos_emulator.database import open_database
from openvideos_emulator.faults import load_faults
from openvideos_emulator.keys import Keys
from openvideos_emulator.media.studio import Studio
from openvideos_emulator.offers import with_offers
from openvideos_emulator.service import Service
from openvideos_emulator.settings import Settings, SettingsError
from openvideos_emulator.worlds import Worlds
from openvideos_spec import ContractError, OverlayError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp

    from openvideos_emulator.app import Background, Guard


@contextlib.contextmanager
def assembled(settings: Settings, clock: Clock | None = None) -> Iterator[ASGIApp]:
    """Yield an emulator as an ASGI application, and close its parts at the end.

    Args:
        settings: What it is told.
        clock: The time it goes by; the machine's where None.

    Raises:
        SettingsError: A dialect or a file of faults cannot be used.
        UnusableDatabaseError: The database cannot be used.
    """
    try:
        document = with_offers(openvideos_spec.load(settings.dialect), settings)
    except (ContractError, OverlayError) as error:
        raise SettingsError(f"--dialect: {error}") from error
    contract = Contract(opened(document) if settings.canned else document)
    faults = load_faults(settings.faults, contract) if settings.faults else []
    with contextlib.ExitStack() as parts:
        location = settings.database
        if location is None:
            folder = parts.enter_context(tempfile.TemporaryDirectory(prefix="openvideos-"))
            location = str(Path(folder) / "emulator.sqlite")
        database = open_database(location, reset=settings.reset)
        parts.callback(database.close)
        try:
            studio = Studio(database.folder_for_media)
        except OSError as error:
            raise SettingsError(
                f"--db: the folder {database.folder_for_media}, where media are kept, cannot be "
                f"made: {error.strerror}"
            ) from error
        parts.callback(studio.close)
        service = Service(
            database=database,
            studio=studio,
            catalogue=Catalogue(contract),
            settings=settings,
            worlds=Worlds(clock or SystemClock(), settings, database),
        )
        background: list[Background] = []
        branches: dict[str, ASGIApp] = {}
        guards: list[Guard] = []
        yield create_app(
            service,
            contract,
            Keys(settings.api_keys),
            faults,
            guards=guards,
            branches=branches,
            background=background,
        )
