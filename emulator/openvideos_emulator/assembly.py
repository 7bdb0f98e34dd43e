"""Puts an emulator together from its settings."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import openvideos_spec
from openvideos_emulator.canned import opened
from openvideos_emulator.catalogue import Catalogue
from openvideos_emulator.clock import Clock, SystemClock
from openvideos_emulator.contract import Contract
from openvideos_emulator.faults import load_faults
from openvideos_emulator.faults.deliveries import DeliveryFaults
from openvideos_emulator.http.app import create_app
from openvideos_emulator.http.health import create_health
from openvideos_emulator.http.keys import Keys
from openvideos_emulator.http.limits import RateLimit
from openvideos_emulator.media.studio import Studio
from openvideos_emulator.offers import with_offers
from openvideos_emulator.service import Service
from openvideos_emulator.settings import Settings, SettingsError
from openvideos_emulator.storage.database import open_database
from openvideos_emulator.webhooks.dispatcher import Dispatcher
from openvideos_emulator.worlds import Worlds
from openvideos_spec import ContractError, OverlayError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp

    from openvideos_emulator.http.app import Background, Guard


@contextlib.contextmanager
def assembled(settings: Settings, home: Path, clock: Clock | None = None) -> Iterator[ASGIApp]:
    """Yield an emulator as an ASGI application, and close its parts at the end.

    Args:
        settings: What it is told.
        home: A folder for what is kept until the emulator stops, and is nowhere else.
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
        location = settings.database or str(home / "emulator.sqlite")
        database = open_database(location, reset=settings.reset)
        parts.callback(database.close)
        folder_for_media = database.folder_for_media or home / "media"
        try:
            studio = Studio(folder_for_media, style=settings.media)
        except OSError as error:
            raise SettingsError(
                f"--db: the folder {folder_for_media}, where media are kept, cannot be "
                f"made: {error.strerror}"
            ) from error
        parts.callback(studio.close)
        worlds = Worlds(clock or SystemClock(), settings, database)
        service = Service(
            database=database,
            studio=studio,
            catalogue=Catalogue(contract),
            settings=settings,
            worlds=worlds,
            webhooks=Dispatcher(
                database,
                worlds,
                own_clocks=settings.admin,
                faults=DeliveryFaults(faults, contract, database),
            ),
        )
        background: list[Background] = []
        if settings.webhook is not None or settings.admin:
            background.append(service.webhooks.run)
        branches: dict[str, ASGIApp] = {"healthz": create_health(database)}
        edges: list[Callable[[ASGIApp], ASGIApp]] = []
        guards: list[Guard] = []
        if settings.rpm is not None:
            guards.append(RateLimit(database, settings.rpm))
        if settings.admin_key is not None and settings.admin:
            from openvideos_emulator.admin import Journal, create_admin

            branches["_emulator"] = create_admin(service, contract, settings.admin_key)
            edges.append(lambda app: Journal(app, contract, database, worlds))
        yield create_app(
            service,
            contract,
            Keys(settings.api_keys),
            faults,
            guards=guards,
            edges=edges,
            branches=branches,
            background=background,
        )
