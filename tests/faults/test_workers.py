"""An API worker is killed under load; needs only what PyPI brings."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.faults.conftest import Noted, StartKit
from tests.faults.kit import KitConfig
from tests.faults.load import Plan, lines_of, read_sent, sending
from tests.faults.proof import load_all, prove
from tests.support.processes import wait_until

pytestmark = pytest.mark.stack

RATE = 60
SECONDS = 8.0


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
        for number, victim in enumerate(kit.api_workers(), start=1):
            enough = number * RATE * SECONDS / 4
            wait_until(lambda enough=enough: lines_of(output) > enough, "events are answered")
            os.kill(victim, signal.SIGKILL)
            noted.fault_ends()
            # The other one must not go before: then nobody would serve, and granian takes a worker
            # that dies twice within 5.5 s for hopeless and ends.
            wait_until(lambda n=number: kit.workers_begun() == 2 + n, "it is replaced", 60)
        assert load.wait_exit(60) == 0, load.log.read_text()
    kit.wait_whole()
    noted.recovered()
    sent = read_sent(output)
    assert [each for each in sent if not each.acknowledged] == [], "each was sent again"
    load_all(kit.running)
    proof = prove(kit.env, sent)
    assert proof.holds, proof
    noted.done = f"SIGKILL to both workers in turn, at {RATE} events/s"
    noted.acknowledged, noted.arrived = proof.acknowledged, proof.arrived
