"""``ugc up``: the stack until Ctrl-C."""

from __future__ import annotations

import functools
import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.table import Table

from contracts.addresses import without_user_info
from contracts.settings import Settings
from ugc.local.stack.config import PartName, StackConfig
from ugc.local.stack.errors import StoppedError
from ugc.local.stack.restarts import RestartPolicy
from ugc.local.stack.supervisor import Stack
from ugc.local.stack.watch import Watch
from ugc.terminal import PlainConsole

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KILLED_CODE = 130


def run_foreground(
    config: StackConfig,
    *,
    found_by_itself: bool = True,
    page: str = "/",
    show: Callable[[str], object] = lambda _url: None,
) -> int:
    """Runs the stack until SIGINT, SIGTERM or SIGHUP; a second signal kills at once.

    For the main thread only: it takes over the process's signals.  ``found_by_itself``: whether
    other commands find the state folder without being told.  ``page`` is the path to begin with in
    a browser, and ``show`` is given its address when everything is ready.

    Returns:
        0 after a clean stop, 130 when the parts had to be killed.

    Raises:
        StackError: a part cannot start, dies too often, or was Kafka; everything is stopped.
    """
    console = PlainConsole()
    say = functools.partial(console.print, soft_wrap=True)
    with _counted_signals() as received:
        try:
            with Stack.start(config, say, received.__len__) as stack:
                begin = f"{stack.urls[PartName.API]}{page}" if PartName.API in stack.urls else None
                _print_addresses(console, stack, found_by_itself, begin)
                if begin is not None:
                    show(begin)
                Watch(stack, RestartPolicy(), say).until(lambda: bool(received))
                say("stopping; Ctrl-C once more kills at once")
        except StoppedError:
            say("gave up waiting for a part")
        killed = len(received) > 1
    say("killed" if killed else "stopped")
    return _KILLED_CODE if killed else 0


@contextmanager
def _counted_signals() -> Iterator[list[int]]:
    """Collects signals in a list. A handler may run in the middle of anything: it does no more."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _frame: received.append(got))
        for number in _SIGNALS
        if signal.getsignal(number) is not signal.SIG_IGN  # as nohup wants it
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _print_addresses(
    console: PlainConsole, stack: Stack, found_by_itself: bool, begin: str | None
) -> None:
    folder = stack.config.state_dir
    option = "" if found_by_itself else f" --state-dir {shlex.quote(str(folder))}"
    if begin is not None:
        console.print(f"begin here: {begin}", soft_wrap=True)
    shown = Table("part", "address", box=None, pad_edge=False)
    for name, url in stack.urls.items():
        shown.add_row(name, without_user_info(url))
    if api := stack.urls.get(PartName.API):
        shown.add_row("catalogue", f"{api}/catalog/")
        shown.add_row("Swagger UI", f"{api}/docs")
        if Settings(stack.env).text("DEBUGGER", "off") != "off":
            shown.add_row("debugger", f"{api}/debug")
    shown.add_row("logs", str(folder / "logs"))
    shown.add_row("a token", f"ugc auth token{option}")
    shown.add_row("query", f'ugc sql{option} "SHOW TABLES"')
    console.print(shown, soft_wrap=True)
    console.print("ready; Ctrl-C stops everything")
