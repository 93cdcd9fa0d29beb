"""How far long work is: a bar on a terminal, a JSON line now and then elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ugc.logs import configure_json_logs

_log = logging.getLogger(__name__)

_LINE_SECONDS = 10.0

Report = Callable[[int, int | None], None]
"""Takes how much is done, and of how much; None where nobody knows."""


@contextmanager
def progress(what: str, unit: str) -> Iterator[Report]:
    """Shows progress on standard error, so that standard output is the answer alone."""
    if not sys.stderr.isatty():
        configure_json_logs(sys.stderr)
        yield _lines(what, unit, time.monotonic)
        return
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str, unit: str, clock: Callable[[], float]) -> Report:
    said_at = clock()

    def say(done: int, total: int | None) -> None:
        nonlocal said_at
        if clock() - said_at >= _LINE_SECONDS:
            said_at = clock()
            _log.info("%s", what, extra={"done": done, "total": total, "unit": unit})

    return say
