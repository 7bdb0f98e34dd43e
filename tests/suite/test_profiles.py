"""Edits, characters, webhooks and gateway, each put to the test by a whole run of the command."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

from openvideos_emulator import Emulator

COMMAND = (sys.executable, "-c", "from openvideos_contract.command import app; app()")
KEYS = ("sk-first-key-of-the-test", "sk-second-key-of-the-test")
SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
PROFILES = ("edits", "characters", "webhooks", "gateway")

# What is wrong with the server, and the requirement that says so.
PLANTED: dict[str, list[dict[str, Any]]] = {
    "EDIT-003": [
        {
            "match": {"operation": "edit_video", "status": 200},
            "answer": [{"set": {"at": "$.prompt", "to": "A better prompt"}}],
        }
    ],
    "EDIT-013": [
        {"match": {"operation": "edit_video", "status": 200}, "answer": [{"mark": "edited"}]},
        {
            "match": {"operation": "list_videos", "listed": "edited"},
            "answer": [{"remove": "$"}],
        },
    ],
    "EDIT-020": [
        {
            "match": {"operation": "edit_video", "content_type": "multipart/form-data"},
            "request": [{"remove_field": "video[id]"}],
        }
    ],
    "EXTEND-003": [
        {"match": {"operation": "extend_video"}, "request": [{"remove_field": "seconds"}]}
    ],
    "CHARACTER-003": [
        {
            "match": {"operation": "create_character", "status": 200},
            "answer": [{"set": {"at": "$.name", "to": "Mira"}}],
        }
    ],
    "CHARACTER-012": [
        {
            "match": {"operation": "create_video", "content_type": "multipart/form-data"},
            "request": [{"remove_field": "characters[][id]"}],
        }
    ],
    "CHARACTER-014": [
        {
            "match": {"operation": "retrieve_character", "key": KEYS[1]},
            "request": [{"set_header": {"Authorization": f"Bearer {KEYS[0]}"}}],
        }
    ],
    "WEBHOOK-003": [
        {
            "match": {"operation": ["video_completed", "video_failed"]},
            "request": [{"set_field": {"type": "video.failed"}}],
        }
    ],
    "WEBHOOK-006": [
        {
            "match": {"operation": "video_completed", "nth": 2},
            "request": [{"set_header": {"webhook-signature": "v1,bm8gc2lnbmF0dXJl"}}],
        }
    ],
    "GATEWAY-003": [
        {
            "match": {"operation": "retrieve_video", "nth": 1, "per": "video", "status": 200},
            "answer": [{"status": 404}],
        }
    ],
    "GATEWAY-007": [
        {
            "match": {"operation": "download_video_content"},
            "request": [{"remove_query": "variant"}],
        }
    ],
    "GATEWAY-009": [
        {
            "match": {
                "operation": "create_video",
                "header": {"content-length": {"like": r"\d{7,}"}},
            },
            "request": [{"reply": {"status": 413, "text": "Request Entity Too Large"}}],
        }
    ],
}
KEPT = ("EDIT-001", "EDIT-005", "EXTEND-005", "CHARACTER-006", "WEBHOOK-004", "GATEWAY-002")


def conform(
    folder: Path, profiles: tuple[str, ...], *arguments: str, faults: Path | None = None
) -> tuple[int, dict[str, Any], str]:
    """Run the suite with webhooks; return its exit code, its report, and what it said."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    chosen = [part for name in profiles for part in ("--profile", name)]
    with Emulator(
        speed=1000,
        media="tiny",
        api_keys=KEYS,
        webhook=f"http://{listen}/hooks",
        webhook_secret=SECRET,
        faults=faults,
    ) as emulator:
        run = subprocess.run(
            [
                *(*COMMAND, "--base-url", emulator.base_url, "--dialect", "openai", *chosen),
                *("--api-key", KEYS[0], "--second-api-key", KEYS[1], "--report-dir", folder),
                *("--webhook-listen", listen, "--webhook-secret", SECRET, *arguments),
            ],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    text = run.stdout + run.stderr
    report = folder / "report.json"
    assert report.exists(), text
    return run.returncode, json.loads(report.read_text("utf-8")), text


def test_a_healthy_server_keeps_what_webhooks_and_gateways_promise(tmp_path: Path) -> None:
    # Those of edits and characters, which the dialect names, are held by test_runs.py.
    code, report, text = conform(tmp_path, ("webhooks", "gateway"))
    assert code == 0, text
    assert report["verdicts"] == {"webhooks": "conforms", "gateway": "conforms"}
    unkept = {
        result["requirement"]: result["status"]
        for result in report["results"]
        if result["status"] not in {"pass", "skip"}
    }
    assert unkept == {}
    assert report["jobs"]["spent"] <= 12
    assert SECRET not in text + "".join(
        path.read_text("utf-8") for path in tmp_path.rglob("*") if path.suffix != ".png"
    )


def test_each_thing_that_is_wrong_is_found_by_the_requirement_that_says_so(tmp_path: Path) -> None:
    faults = [
        {"id": f"{number}-{position}", **fault}
        for number, planted in PLANTED.items()
        for position, fault in enumerate(planted)
    ]
    file = tmp_path / "faults.yaml"
    file.write_text(yaml.safe_dump(faults), "utf-8")
    only = ",".join((*PLANTED, *KEPT))
    code, report, text = conform(tmp_path, PROFILES, "--only", only, faults=file)
    assert code == 1, text
    found = defaultdict(set)
    for result in report["results"]:
        found[result["requirement"]].add(result["status"])
    broken = {number for number, statuses in found.items() if statuses & {"fail", "warn"}}
    assert broken == set(PLANTED)
    assert {number: found[number] for number in KEPT} == {number: {"pass"} for number in KEPT}


def test_without_an_address_to_listen_at_webhooks_are_not_offered(
    lenient: Any, tmp_path: Path
) -> None:
    run = subprocess.run(
        [
            *(*COMMAND, "--base-url", lenient.base_url, "--profile", "all", "--only", "WEBHOOK"),
            *("--allow-incomplete", "--report-dir", tmp_path),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "give --webhook-listen" in run.stdout
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert report["verdicts"]["webhooks"] == "not offered"
    assert lenient.accepted == []
