"""``python -m tests.faults.soak``: runs the soak; exit code 1 when a demand is missed."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx2

from tests.faults.kit import Kit, KitConfig, kit
from tests.faults.load import Plan, read_sent, sending
from tests.faults.proof import load_all, prove
from tests.faults.soak.faults import ANYWHERE, APACHE, Fault
from tests.faults.soak.plot import draw
from tests.faults.soak.schedule import Planned, plan_faults
from tests.faults.soak.verdict import judge, percentile
from tests.faults.soak.watch import watching
from tests.support.processes import ServerProcess, wait_until
from ugc.local.stack import PartName

USERS = 20
WORKERS = 2
ETL_SECONDS = 10.0
PROXIED = frozenset({PartName.REDIS, PartName.CLICKHOUSE})


def main(arguments: Sequence[str]) -> int:
    """Runs it; what it says is on standard output."""
    options = _options(arguments)
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    known = {**ANYWHERE, **APACHE} if options.apache else ANYWHERE
    seconds = options.minutes * 60
    planned = plan_faults(sorted(known), seconds, options.seed)
    config = KitConfig(
        above=frozenset({PartName.API, PartName.ETL}),
        workers=WORKERS,
        nodes=3 if options.apache else 0,
        proxied=PROXIED if options.apache else frozenset(),
        etl_interval_seconds=ETL_SECONDS,
    )
    with tempfile.TemporaryDirectory() as folder:
        print(f"starting the stack; {len(planned)} faults in {seconds:.0f} s, seed {options.seed}")
        with kit(Path(folder), config) as stack:
            try:
                summary = _soak(stack, options, known, planned)
            finally:
                _keep_logs(stack, out / "logs")
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    for demand in summary["demands"]:
        word = "ok    " if demand["met"] else "MISSED"
        print(f"{word} {demand['name']}: {demand['measured']} (limit {demand['limit']})")
    print(f"in {out}: summary.json, soak.svg, soak.png, sent.jsonl, logs")
    return 0 if summary["met"] else 1


def _soak(
    stack: Kit, options: argparse.Namespace, known: Mapping[str, Fault], planned: list[Planned]
) -> dict[str, Any]:
    output = options.out / "sent.jsonl"
    plan = Plan(
        api=stack.running.api,
        events_per_second=options.rate,
        seconds=options.minutes * 60,
        seed=options.seed,
        users=_users(stack),
        output=str(output),
    )
    stack.wait_whole()
    with watching(stack) as looks:
        with sending(plan) as load:
            wait_until(lambda: output.exists() and output.stat().st_size > 0, "traffic flows")
            began_s = time.time()
            done = _make_faults(stack, known, planned, began_s)
            code = load.wait_exit(120 + options.minutes * 60)
            assert code == 0, load.log.read_text()
        ended = time.monotonic()
        stack.wait_whole()
        stack.stop(PartName.ETL)
        load_all(stack.running)
        drained = time.monotonic() - ended
    sent = read_sent(output)
    first = min(each.due_s for each in sent)
    shift = began_s - first
    done = [Planned(f.name, f.from_seconds + shift, f.to_seconds + shift) for f in done]
    proof = prove(stack.env, sent)
    count = int(options.rate * options.minutes * 60)
    demands = judge(sent, count, proof, _quality(stack), drained)
    latencies = [each.latency_ms for each in sent]
    title = (
        f"{options.minutes:g} min at {options.rate:g} events/s, seed {options.seed},"
        f" {'Apache Kafka' if options.apache else 'local stack'}: {proof.acknowledged}"
        f" looked up, {len(proof.lost)} lost, {len(proof.doubled)} doubled"
    )
    draw(options.out, title, first, sent, looks, done)
    return {
        "met": all(demand.met for demand in demands),
        "seed": options.seed,
        "minutes": options.minutes,
        "events_per_second": options.rate,
        "kafka": "apache, 3 nodes" if options.apache else "local",
        "events": {
            "sent": len(sent),
            "acknowledged": sum(each.acknowledged for each in sent),
            "sent_again": sum(each.attempts > 1 for each in sent),
            "within_100_ms": sum(each.acknowledged and each.latency_ms <= 100 for each in sent),
        },
        "to_be_found": proof.acknowledged,
        "found": proof.arrived,
        "lost": proof.lost[:100],
        "doubled": proof.doubled[:100],
        "latency_ms": {
            f"p{share:g}": round(percentile(latencies, share / 100), 1)
            for share in (50, 90, 95, 99, 99.9, 100)
        },
        "demands": [asdict(demand) for demand in demands],
        "faults": [asdict(fault) for fault in done],
    }


def _make_faults(
    stack: Kit, known: Mapping[str, Fault], planned: Sequence[Planned], began_s: float
) -> list[Planned]:
    """Makes each when it is due; gives when they really were."""
    done: list[Planned] = []
    for each in planned:
        _sleep_until(began_s + each.from_seconds)
        print(
            f"{each.from_seconds:6.1f} s  {each.name}, {each.to_seconds - each.from_seconds:.1f} s"
        )
        begun = time.time() - began_s
        known[each.name].begin(stack)
        _sleep_until(began_s + each.to_seconds)
        known[each.name].end(stack)
        done.append(Planned(each.name, round(begun, 1), round(time.time() - began_s, 1)))
    return done


def _sleep_until(moment_s: float) -> None:
    time.sleep(max(0.0, moment_s - time.time()))


def _users(stack: Kit) -> dict[str, str]:
    """Tokens, and whose they are."""
    url = f"{stack.direct_url(PartName.AUTH)}/api/v1/auth/demo-token"
    answers = [httpx2.post(url, json={}, timeout=10).raise_for_status() for _ in range(USERS)]
    return {answer.json()["token"]: answer.json()["user_id"] for answer in answers}


def _quality(stack: Kit) -> dict[str, Any]:
    """Asked through a file: the command's exit code says more than is wanted here."""
    command = [sys.executable, "-m", "ugc", "quality", "--since", "24h", "--json"]
    log = stack.folder / "quality.log"
    ServerProcess(command, log, stack.env).wait_exit(90)
    found: dict[str, Any] = json.loads(log.read_text().splitlines()[-1])
    return found


def _keep_logs(stack: Kit, into: Path) -> None:
    into.mkdir(exist_ok=True)
    for log in stack.logs():
        shutil.copy(log, into / "-".join(log.parts[-3:]))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the traffic")
    parser.add_argument("--seed", type=int, default=1, help="of the traffic and the faults")
    parser.add_argument("--rate", type=float, default=660.0, help="events per second")
    parser.add_argument(
        "--apache", action="store_true", help="three nodes of Apache Kafka, and proxies"
    )
    parser.add_argument("--out", type=Path, default=Path(".ugc/soak"), help="folder of the results")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
