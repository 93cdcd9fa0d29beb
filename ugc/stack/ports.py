"""Finds the ports that the parts listen on."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ugc.stack.config import ANY_PORT, DEFAULT_PORTS, HOST, PartName, StackConfig
from ugc.stack.errors import PortTakenError


def choose_ports(config: StackConfig, say: Callable[[str], object]) -> dict[PartName, int]:
    """A free port for every part that listens; ``say`` is told where a default one was busy.

    Raises:
        PortTakenError: a port that the config asks for is in use.
    """
    chosen: dict[PartName, int] = {}
    for name in PartName:
        if name in DEFAULT_PORTS and name in config.parts:
            chosen[name] = _choose(name, config.ports.get(name), set(chosen.values()), say)
    return chosen


def _choose(
    name: PartName, wanted: int | None, taken: set[int], say: Callable[[str], object]
) -> int:
    if wanted == ANY_PORT:
        return _any_free(taken)
    if wanted is not None:
        if not is_free(wanted):
            raise PortTakenError(
                f"port {wanted} for {name} is in use; choose another, or 0 for any"
            )
        return wanted
    default = DEFAULT_PORTS[name]
    if default not in taken and is_free(default):
        return default
    found = _any_free(taken)
    say(f"port {default} is in use, {name} listens on {found}")
    return found


def is_free(port: int) -> bool:
    """Whether nothing listens on the port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _any_free(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port
