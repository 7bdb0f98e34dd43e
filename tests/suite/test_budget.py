"""The budget: what all the threads and processes of a run start together, and what is noted."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from openvideos_contract.outcome import Blocked, BudgetExhausted, Nonconformity, Prohibited
from openvideos_contract.running.conform import conform
from openvideos_contract.settings.values import ConfigurationError
from openvideos_contract.wire.gate import Gate
from openvideos_contract.wire.ledger import Ledger
from openvideos_emulator import Emulator

MakeGate = Callable[..., Gate]
# What starts jobs, rightly and wrongly, and what deletes them.
COSTLY = (
    *("CREATE-001", "CREATE-002", "CREATE-011", "CREATE-012", "CREATE-013", "CREATE-015"),
    *("REMIX-001", "EDIT", "EXTEND", "CHARACTER", "AUTH-005", "DELETE-001", "CONCURRENCY-001"),
)
KEYS = ("sk-first-key-of-the-test", "sk-second-key-of-the-test")
OWN = {"own_0", "own_1", "own_2"}


def create(gate: Gate, **request: Any) -> bool:
    """Create a video; return whether the budget allowed it."""
    try:
        gate.send("POST", "/videos", json={"prompt": "x"}, **request)
    except BudgetExhausted:
        return False
    return True


def test_threads_start_no_more_jobs_together_than_the_budget_allows(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url, max_videos=5)
    with ThreadPoolExecutor(8) as threads:
        allowed = list(threads.map(lambda _: create(gate), range(24)))
    assert sum(allowed) == len(lenient.accepted) == gate.budget.spent == 5
    assert {made.id for made in gate.made} == set(lenient.accepted)


def test_two_requests_of_a_family_are_never_under_way_together(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url, max_videos=9)
    met = threading.Barrier(6)

    def send(_: int) -> bool:
        met.wait()
        try:
            return create(gate, family="an empty prompt")
        except Blocked:
            return False

    with ThreadPoolExecutor(6) as threads:
        sent = list(threads.map(send, range(6)))
    assert sum(sent) == len(lenient.accepted) == 1


def test_processes_share_the_places_the_families_and_the_jobs(
    lenient: Any, gate_to: MakeGate
) -> None:
    first = gate_to(lenient.base_url, max_videos=3, run_id="openvideos-shared")
    second = gate_to(lenient.base_url, max_videos=3, run_id="openvideos-shared")
    assert create(first, family="no prompt")
    with pytest.raises(Blocked, match="no prompt before, in an earlier test"):
        create(second, family="no prompt")
    assert create(second)
    assert create(first)
    assert not create(second)
    assert not create(first)
    assert first.budget.spent == second.budget.spent == len(lenient.accepted) == 3
    # Each process deletes its own; whoever began the run deletes what the others left.
    assert first.delete_made() == []
    assert set(lenient.videos) == OWN


def test_processes_at_once_take_no_more_places_than_there_are(ledgers: Path) -> None:
    program = (
        "from openvideos_contract.wire.ledger import Ledger\n"
        "ledger = Ledger('openvideos-race', 'http://x')\n"
        "input(print('ready', flush=True) or '')\n"
        "print(sum(ledger.take(500, 'a test', 'own') is not None for _ in range(400)))"
    )
    start = partial(subprocess.Popen, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    processes = [start([sys.executable, "-c", program]) for _ in range(2)]
    assert {process.stdout.readline() for process in processes if process.stdout} == {"ready\n"}
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    taken = [int(process.communicate(timeout=60)[0]) for process in processes]
    assert sum(taken) == 500
    ledger = Ledger("openvideos-race", "http://x")
    assert ledger.count == 500
    ledger.remove()
    assert not (ledgers / "openvideos-race.sqlite").exists()


def test_the_ledger_holds_no_key_and_no_password(
    lenient: Any, gate_to: MakeGate, ledgers: Path
) -> None:
    with_password = lenient.base_url.replace("http://", "http://me:sk-password@")
    gate = gate_to(with_password, api_key=None, second_api_key="sk-second-key")
    create(gate)
    create(gate, key="sk-second-key")
    create(gate, key="sk-wrong-key")
    (place, *others) = gate.ledger.places
    assert (place.id, place.path, place.key) == ("made_0", "/videos/made_0", "none")
    assert [other.key for other in others] == ["second", "another"]
    written = (ledgers / f"{gate.configuration.run_id}.sqlite").read_bytes()
    assert b"made_2" in written
    assert b"sk-" not in written


def test_a_ledger_is_there_only_while_something_is_left(
    lenient: Any, gate_to: MakeGate, ledgers: Path
) -> None:
    gate = gate_to(lenient.base_url)
    gate.send("GET", "/videos")
    path = ledgers / f"{gate.configuration.run_id}.sqlite"
    assert not path.exists()
    create(gate)
    assert path.exists()
    gate.delete_made()
    gate.close()
    assert not path.exists()
    assert gate.budget.spent == 1


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "a/b", "", "x" * 81, "a.b"])
def test_what_is_no_run_is_refused_as_one(run_id: str) -> None:
    with pytest.raises(ConfigurationError, match="not the id of a run"):
        Ledger(run_id, "http://x")


def test_a_folder_that_cannot_be_written_is_replaced_by_the_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert Ledger("openvideos-x", "http://x").path.is_relative_to(tmp_path / "openvideos")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(ConfigurationError, match="can be written, where a run notes what it made"):
        Ledger("openvideos-x", "http://x")


def test_a_request_that_was_never_sent_costs_nothing(gate_to: MakeGate) -> None:
    gate = gate_to("http://127.0.0.1:9/v1", max_videos=1)
    with pytest.raises(Nonconformity, match="no connection"):
        create(gate)
    assert gate.budget.left == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_budget_of_none_sends_nothing_that_may_change_anything(
    lenient: Any, gate_to: MakeGate, method: str
) -> None:
    gate = gate_to(lenient.base_url, max_videos=0)
    with pytest.raises(BudgetExhausted, match="--max-videos 0"):
        gate.send(method, "/videos/own_0", family="anything")
    for safe in ("GET", "HEAD", "OPTIONS"):
        gate.send(safe, "/videos/own_0")
    assert {sent for sent, _ in lenient.log} <= {"GET", "HEAD", "OPTIONS"}


def test_our_own_request_that_breaks_the_contract_is_not_sent(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    for body in ({"prompt": ""}, {"prompt": "x", "size": 7}, {}):
        with pytest.raises(Prohibited, match="breaks the contract that it should keep"):
            gate.send("POST", "/videos", json=body)
    with pytest.raises(Prohibited, match="at prompt"):
        gate.send("POST", "/videos", form={"prompt": ""})
    assert lenient.log == []
    # A list and a file as they are on the wire.
    form = {"prompt": "x", "characters[][id]": "char_1", "input_reference": ("a", b"b", "image/x")}
    assert gate.send("POST", "/videos", form=form).ok


def costly_run(base_url: str, **settings: Any) -> int:
    """Run what starts jobs of every kind, rightly and wrongly, within a budget of three."""
    return conform(
        {
            "base_url": base_url,
            "api_key": KEYS[0],
            "second_api_key": KEYS[1],
            "max_videos": 3,
            "job_timeout": 5.0,
            "only": frozenset(COSTLY),
            **settings,
        },
        ["all"],
    )


def test_a_server_that_takes_everything_is_sent_three_jobs_of_all_kinds_at_most(
    lenient: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lenient.film = b"\0\0\0\x18ftypmp42" + bytes(100)
    assert costly_run(lenient.base_url, report_dir=tmp_path) == 1, capsys.readouterr()
    assert len(lenient.accepted) == 3
    assert set(lenient.videos) == OWN
    results = json.loads((tmp_path / "report.json").read_text())["results"]
    failed = [result for result in results if result["status"] == "fail"]
    assert {result["requirement"] for result in failed} & {"CREATE-011", "CREATE-012"}
    assert all(result["curl"] for result in failed)
    assert not [result for result in results if result["status"] == "error"]


@pytest.mark.xdist_group("suite runs")
def test_the_emulator_is_sent_three_jobs_of_all_kinds_at_most(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings: dict[str, Any] = {"speed": 1000, "media": "tiny", "api_keys": KEYS, "admin": True}
    headers = {"Authorization": f"Bearer {KEYS[0]}"}
    with (
        Emulator(**settings) as emulator,
        httpx.Client(base_url=emulator.base_url, headers=headers, trust_env=False) as client,
    ):
        own = [client.post("/videos", json={"prompt": "x"}).json()["id"] for _ in range(2)]
        assert costly_run(emulator.base_url) == 3, capsys.readouterr()
        requests = [request for key in KEYS for request in emulator.world(key).requests]
        left = [video["id"] for video in client.get("/videos").json()["data"]]
    accepted = [
        found for found in requests if found.method == "POST" and (found.status or 500) < 300
    ]
    assert 1 <= len(accepted) - len(own) <= 3
    assert sorted(left) == sorted(own)


def test_two_processes_send_a_server_that_takes_everything_three_jobs_at_most(
    lenient: Any, tmp_path: Path
) -> None:
    lenient.film = b"\0\0\0\x18ftypmp42" + bytes(100)
    options = {
        "url": lenient.base_url,
        "max-videos": "3",
        "profile": "all",
        "only": ",".join(("CREATE-012", "CREATE-015", "EDIT-001", "EXTEND-001", "CHARACTER-001")),
    }
    given = [part for name, text in options.items() for part in (f"--openvideos-{name}", text)]
    command = [sys.executable, "-m", "pytest", "-p", "openvideos_contract.plugin", "-p", "xdist"]
    suite = ["--pyargs", "openvideos_contract", "-n", "2", "-q", "-p", "no:cacheprovider"]
    unasked = {name: text for name, text in os.environ.items() if "XDIST" not in name}
    run = subprocess.run(
        [*command, *suite, "--tb=no", *given],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**unasked, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "--max-videos" in run.stdout
    assert 2 <= len(lenient.accepted) <= 3
    assert set(lenient.videos) == OWN


def test_a_ledger_that_was_left_in_the_middle_of_a_write_is_readable(ledgers: Path) -> None:
    ledger = Ledger("openvideos-torn", "http://x")
    number = ledger.take(3, "a test", "own")
    assert number is not None
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO place (test, key) VALUES ('killed', 'own')")
    other.close()  # as the end of its process would
    assert ledger.count == 1
    ledger.give_back(number)
    assert ledger.count == 0
    ledger.remove()


def test_a_folder_that_others_can_write_is_none_for_what_will_be_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "other"))
    folder = Ledger("openvideos-x", "http://x").path.parent
    assert folder.is_relative_to(tmp_path / "openvideos")
    folder.chmod(0o777)
    assert Ledger("openvideos-x", "http://x").path.is_relative_to(tmp_path / "other")


def test_what_was_made_is_deleted_though_the_disk_is_full(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    assert create(gate)
    assert create(gate)
    connection = gate.ledger._opened()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    connection.execute(
        "CREATE TRIGGER full BEFORE UPDATE ON place BEGIN "
        "INSERT INTO family VALUES (hex(zeroblob(65536)), ''); END"
    )
    assert gate.delete_made() == []
    assert set(lenient.videos) == OWN
