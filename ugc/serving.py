"""Runs an application under granian: the one production server of all our processes.

The process that was started has the address for itself, so that a taken port is an error, and gives
each worker a socket.  :mod:`ugc.supervision` decides about workers that end, in place of granian.
"""

from __future__ import annotations

import importlib
import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

from ugc.errors import NoWorkerStartsError, expected_errors
from ugc.listening import BACKLOG, Address
from ugc.supervision import Supervisor, WorkerPolicy
from ugc.terminal import say

_POLICY = WorkerPolicy()

_HEADER_MILLISECONDS = 5_000
"""How long a connection may take for the headers of a request, and be idle between two."""


def serve(target: str, *, host: str, port: int, workers: int = 1, threads: int = 8) -> None:
    """Serves a WSGI application until SIGTERM or SIGINT, then lets running requests end.

    A sender that stops in the middle of a body holds a thread for as long as it likes.

    Args:
        target: ``module:factory``, a function without arguments that returns the application; it is
            called once in each worker process.
        host: address to listen on.
        port: port to listen on.
        workers: processes; one that ends is started again.
        threads: requests that one process works on at a time.

    Raises:
        AddressError: the address cannot be had, for one because somebody listens there.
        NoWorkerStartsError: workers end before they serve, again and again.
    """
    _serve(target, host, port, workers, interface=Interfaces.WSGI, blocking_threads=threads)


def serve_front(target: str, *, host: str, port: int, workers: int = 1) -> None:
    """The same for an RSGI application, which has threads of its own and bounds slow bodies."""
    _serve(target, host, port, workers, interface=Interfaces.RSGI)


def _serve(target: str, host: str, port: int, workers: int, **interface: Any) -> None:
    # A worker takes over its socket and its pipe as they are.
    multiprocessing.set_start_method("fork", force=True)
    with closing(Address(host, port)) as address:
        server = _Server(
            address,
            target=target,
            address=host,
            port=port,
            workers=workers,
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS, keep_alive=True),
            websockets=False,
            workers_kill_timeout=int(_POLICY.stop_seconds),
            log_level=LogLevels.warning,
            **interface,
        )
        server.serve()
    if server.failure is not None:
        raise server.failure


class _Worker:
    """A worker process of granian's, and the pipe through which it tells that it serves."""

    def __init__(self, process: WorkerProcess, began: Connection) -> None:
        self.process = process
        self._began = began
        self._has_begun = False

    @property
    def pid(self) -> int:
        return int(self.process.inner.pid)

    @property
    def has_begun(self) -> bool:
        if not self._has_begun and self._began.poll():
            try:
                self._began.recv_bytes()
                self._has_begun = True
            except EOFError:  # it ended before
                pass
        return self._has_begun

    @property
    def exit_code(self) -> int | None:
        code: int | None = self.process.inner.exitcode
        return code

    @property
    def signs(self) -> list[Any]:
        """What shows that something has happened to it, for ``multiprocessing.connection.wait``."""
        ended = [self.process.inner.sentinel]
        return ended if self.has_begun else [*ended, self._began]

    def terminate(self) -> None:
        self.process.terminate()  # type: ignore[no-untyped-call]

    def kill(self) -> None:
        self.process.kill()  # type: ignore[no-untyped-call]


class _Server(MPServer):
    """granian's server with an address, a start and a look after its workers that are ours.

    It overrides methods that granian does not document: pyproject.toml keeps to its minor version.
    """

    reload_signal: bool

    def __init__(self, claimed: Address, **options: Any) -> None:
        super().__init__(**options)
        self.failure: NoWorkerStartsError | None = None
        self._claimed = claimed
        self._woken, self._wake = multiprocessing.Pipe(duplex=False)
        self._supervisor: Supervisor[_Worker] | None = None

    def _init_shared_socket(self) -> None:
        self._sso = None  # what granian shares; ours are given to each worker when it is started

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._wake.send_bytes(b"!")

    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:
        super().signal_handler_reload(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._wake.send_bytes(b"!")

    def _spawn_workers(self, spawn_target: Callable[..., None], target_loader: Any) -> None:
        self._supervisor = Supervisor(
            self.workers, partial(self._begin, spawn_target), self._claimed.give_up, _POLICY
        )

    def _begin(self, spawn_target: Callable[..., None], number: int) -> _Worker:
        descriptor = self._claimed.of_place(number).fileno()
        self._shd = SocketHolder(descriptor, False, BACKLOG)  # type: ignore[assignment, call-arg]
        began, tell = multiprocessing.Pipe(duplex=False)
        loader = partial(_load, self.target, tell, partial(self._claimed.keep_only, number))
        process = self._spawn_worker(number, spawn_target, loader)
        process.start()  # type: ignore[no-untyped-call]
        tell.close()
        return _Worker(process, began)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        supervisor = self._supervisor
        assert supervisor is not None, "workers are spawned before they are looked after"
        try:
            while not self.interrupt_signal:
                if self.reload_signal:
                    self.reload_signal = False
                    supervisor.replace_all()
                self._step(supervisor)
        except NoWorkerStartsError as error:
            self.failure = error
        supervisor.end_all(time.monotonic())
        while supervisor.workers():
            self._step(supervisor)

    def _step(self, supervisor: Supervisor[_Worker]) -> None:
        """Does what is due and returns when there may be more to do."""
        pause = supervisor.step(time.monotonic())
        signs = [sign for each in supervisor.workers() for sign in each.signs]
        if (signs or pause is not None) and self._woken in wait([self._woken, *signs], pause):
            self._woken.recv_bytes()

    def shutdown(self, exit_code: int = 0) -> None:
        self.interrupt_children.clear()  # with any in it, granian would end with exit code 1
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]


def _load(target: str, tell: Connection, close_others: Callable[[], None]) -> Any:
    """The application, made in the worker process; unlike granian's, it trusts the import path."""
    # The handlers of the parent would note a signal that nobody here looks at.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    close_others()
    module, _, factory = target.partition(":")
    try:
        application = getattr(importlib.import_module(module), factory)()
    except expected_errors() as error:
        say(f"ugc: {error}", err=True)
        sys.exit(1)
    tell.send_bytes(b"!")
    tell.close()
    return application


def _end_with_parent() -> None:
    """Ends this worker when its parent was killed: nobody else could listen on the port."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a worker has a parent"
    parent.join()
    kill_at = time.monotonic() + _POLICY.stop_seconds
    while time.monotonic() < kill_at:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        time.sleep(_POLICY.tell_again_seconds)
    signal.raise_signal(signal.SIGKILL)
