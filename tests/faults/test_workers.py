"""An API worker is killed under load; needs only what PyPI brings."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.conftest import Noted, StartKit
from tests.faults.kit import KitConfig
from tests.faults.load import Plan, lines_of, read_sent, sending
from tests.faults.proof import load_all, prove
from tests.support.processes import listening, wait_until
from ugc.local.stack import PartName

pytestmark = pytest.mark.stack

RATE = 60
SECONDS = 8.0
KILLS = 3


@pytest.mark.timeout(300)  # four programs start, and two workers three times more
@pytest.mark.fault("worker_sigkill")
def test_workers_that_are_killed_lose_nothing(
    start_kit: StartKit, noted: Noted, tmp_path: Path
) -> None:
    kit = start_kit(KitConfig(workers=2))
    output = tmp_path / "sent.jsonl"
    plan = Plan(
        api=kit.running.api,
        events_per_second=RATE,
        seconds=SECONDS,
        seed=20260131,
        users={},
        output=str(output),
    )
    with sending(plan) as load:
        port = urlsplit(kit.running.api).port or 0
        log = kit.running.stack.log(PartName.API)
        leader = kit.running.stack.pid(PartName.API)
        for number in range(1, KILLS + 1):
            enough = number * RATE * SECONDS / (KILLS + 2)
            wait_until(lambda enough=enough: lines_of(output) > enough, "events are answered", 60)
            # Senders do not try for ever: one of the two has to serve.
            wait_until(lambda: listening(port) == 2, "both workers serve", 60)
            victim = kit.api_workers()[0]
            os.kill(victim, signal.SIGKILL)
            noted.fault_ends()
            seen = f"(process {victim}) ended"
            wait_until(lambda seen=seen: seen in log.read_text(), "its end is seen", 60)
        assert load.wait_exit(60) == 0, load.log.read_text()
    wait_until(lambda: len(kit.api_workers()) == 2, "both workers run", 60)
    assert kit.running.stack.pid(PartName.API) == leader, "the process above them lives"
    kit.wait_whole()
    noted.recovered()
    sent = read_sent(output)
    assert [each for each in sent if not each.acknowledged] == [], "each was sent again"
    load_all(kit.running)
    proof = prove(kit.env, sent)
    assert proof.holds, proof
    noted.done = f"{KILLS} SIGKILLs to the two workers, at {RATE} events/s"
    noted.acknowledged, noted.arrived = proof.acknowledged, proof.arrived
