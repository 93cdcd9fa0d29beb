"""``ugc up``: the stack until Ctrl-C, with parts that die started again."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque

from rich.console import Console
from rich.table import Table

from ugc.stack import process
from ugc.stack.config import PARTS, PartName, StackConfig
from ugc.stack.errors import PartFailedError
from ugc.stack.supervisor import Stack

_WATCH_SECONDS = 0.5
_MOST_RESTARTS = 5
_RESTART_WINDOW_SECONDS = 300.0


def run_foreground(config: StackConfig) -> int:
    """Runs the stack until SIGINT or SIGTERM; a second signal kills at once. Returns 0.

    Raises:
        StackError: a part cannot start, or dies too often.
    """
    console = Console()
    asked_to_stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        if asked_to_stop.is_set():
            raise KeyboardInterrupt
        asked_to_stop.set()
        console.print("stopping (once more: kill at once)")

    with Stack.start(config, console.print) as stack:
        signal.signal(signal.SIGINT, on_signal)
        signal.signal(signal.SIGTERM, on_signal)
        _print_urls(console, stack)
        _watch(stack, asked_to_stop, console)
    console.print("stopped")
    return 0


def _print_urls(console: Console, stack: Stack) -> None:
    shown = Table("part", "address")
    for name, url in stack.urls.items():
        shown.add_row(name, url)
    api = stack.urls.get(PartName.API)
    if api:
        shown.add_row("documentation", f"{api}/docs")
    console.print(shown)
    console.print(f"logs: {stack.config.state_dir / 'logs'}")
    console.print("a demo token: ugc auth token    a query: ugc sql 'SHOW TABLES FROM ugc'")
    console.print("Ctrl-C stops everything.")


def _watch(stack: Stack, asked_to_stop: threading.Event, console: Console) -> None:
    restarts: deque[float] = deque(maxlen=_MOST_RESTARTS)
    while not asked_to_stop.wait(_WATCH_SECONDS):
        for name in stack.dead_parts():
            lines = process.last_lines(stack.log(name))
            console.print(f"{name} has ended; its log ends with:\n{lines}", markup=False)
            if not next(part for part in PARTS if part.name is name).remembers:
                raise PartFailedError(f"{name} has lost its memory with its process")
            now = time.monotonic()
            if len(restarts) == _MOST_RESTARTS and now - restarts[0] < _RESTART_WINDOW_SECONDS:
                raise PartFailedError(f"{name} dies too often")
            restarts.append(now)
            stack.start_part(name)
            console.print(f"{name} runs again")
