"""``ugc contracts sample``: payloads made from a contract, one JSON line each."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import click

from contracts.model.loader import load_catalog
from contracts.samples.payloads import Sampler
from ugc.exits import PLAIN_EPILOG
from ugc.project.folder import contract_named, folder_option
from ugc.terminal import say


@click.command(name="sample", epilog=PLAIN_EPILOG)
@click.argument("event", metavar="EVENT[@N]")
@click.option("-n", "count", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--invalid", is_flag=True, help="Near misses: each breaks one rule, and names it.")
@click.option("--seed", type=int, help="The same seed, the same payloads; chance when left out.")
@folder_option
def sample(event: str, count: int, invalid: bool, seed: int | None, folder: Path) -> None:
    """Print payloads made from a contract, one JSON document in each line.

    With --invalid a line is {"payload": …, "pointer": …, "keyword": …}: what has to be refused,
    where and why.

    \b
    Examples:
      ugc contracts sample order_placed -n 5
      ugc contracts sample cart_changed@1 -n 3 --invalid --seed 7
    """
    sampler = Sampler(contract_named(load_catalog(folder), event).schema)
    rng = random.Random(seed)  # noqa: S311 - payloads need no secrets
    for _ in range(count):
        say(json.dumps(_payload(sampler, rng, invalid=invalid), ensure_ascii=False))


def _payload(sampler: Sampler, rng: random.Random, *, invalid: bool) -> Any:
    if not invalid:
        return sampler.valid(rng)
    miss = sampler.invalid(rng)
    return {"payload": miss.payload, "pointer": miss.pointer, "keyword": miss.keyword}
