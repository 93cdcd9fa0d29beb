"""Finds the ports that the parts listen on."""

from __future__ import annotations

import secrets
import socket
import sys
from collections.abc import Callable, Collection, Mapping

from contracts.settings import Settings
from ugc.local.stack.config import ANY_PORT, HOST, PORT_VARIABLES, PartName, StackConfig
from ugc.local.stack.errors import PortTakenError, SettingsError

_HIGHEST = 65_535

_FREE_RANGE = range(15_000, 30_000)
"""Below the ports that systems give to outgoing connections (from 32,768 on Linux, from 49,152
elsewhere): there, a client that keeps trying to reach a stopped part can occupy its port."""


def asked_ports(config: StackConfig, env: Mapping[str, str]) -> dict[PartName, int]:
    """The ports that the config, or else a variable such as API_PORT, asks for.

    Raises:
        SettingsError: one of them is no port.
    """
    asked = {name: _port(env, variable) for name, variable in PORT_VARIABLES.items()}
    asked |= config.ports
    for name, port in asked.items():
        if port is not None and not ANY_PORT <= port <= _HIGHEST:
            raise SettingsError(f"the port of {name} must be from 0 to {_HIGHEST}, not {port}")
    return {name: port for name, port in asked.items() if port is not None}


def choose_ports(
    parts: Collection[PartName],
    asked: Mapping[PartName, int],
    defaults: Mapping[PartName, int],
    say: Callable[[str], object],
    take: Callable[[int], bool],
) -> dict[PartName, int]:
    """A free port for each of the parts that listens.

    Args:
        parts: those that will be started here.
        asked: the ports that somebody wants; 0 for any free one.
        defaults: the ports of the others, where they are free.  A part without one does not listen.
        say: is told where a default port was busy.
        take: tells whether a port may be used, such as :func:`is_free`; asked at most once for
            each port that is chosen.

    Raises:
        PortTakenError: a port that was asked for is in use.
    """
    listening = [name for name in PartName if name in parts and name in defaults]
    chosen: dict[PartName, int] = {}
    for name in listening:
        if wanted := asked.get(name, ANY_PORT):
            chosen[name] = _exactly(wanted, name, chosen, take)
    for name in listening:
        if asked.get(name) == ANY_PORT:
            chosen[name] = _any_free(chosen.values(), take)
        elif name not in chosen:
            chosen[name] = _default(defaults[name], name, chosen, say, take)
    return chosen


def is_free(port: int) -> bool:
    """Whether nothing listens on the port of the loopback address."""
    with socket.socket() as probe:
        # Connections that linger after a server's end do not keep the next one from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


class Claims:
    """Ports that one stack means to use, so that no other stack on this machine takes them.

    A server's socket alone does not tell that: two stacks that start at once both find a port free
    before either listens, and servers that set SO_REUSEPORT would then share its requests.  A claim
    is a name in Linux's abstract socket namespace, gone with its process; elsewhere there is none.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self, port: int) -> bool:
        """Whether the port is free and is now this stack's."""
        if not is_free(port):
            return False
        if sys.platform != "linux":
            return True
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0ugc-events/port/{port}")
        except OSError:
            claim.close()
            return False
        self._held.append(claim)
        return True

    def close(self) -> None:
        """Gives every port back."""
        while self._held:
            self._held.pop().close()


def _exactly(
    port: int, name: PartName, chosen: Mapping[PartName, int], take: Callable[[int], bool]
) -> int:
    for other, taken in chosen.items():
        if taken == port:
            raise PortTakenError(f"port {port} is asked for by both {other} and {name}")
    if take(port):
        return port
    raise PortTakenError(
        f"port {port} for {name} is in use; stop what listens there, or set"
        f" {PORT_VARIABLES[name]} to another port, or to 0 for any free one"
    )


def _default(
    default: int,
    name: PartName,
    chosen: Mapping[PartName, int],
    say: Callable[[str], object],
    take: Callable[[int], bool],
) -> int:
    if default not in chosen.values() and take(default):
        return default
    found = _any_free(chosen.values(), take)
    say(f"port {default} is in use, {name} listens on {found}")
    return found


def _any_free(taken: Collection[int], take: Callable[[int], bool]) -> int:
    for _ in _FREE_RANGE:
        port = secrets.choice(_FREE_RANGE)
        if port not in taken and take(port):
            return port
    raise PortTakenError(f"no free port from {_FREE_RANGE.start} to {_FREE_RANGE.stop - 1}")


def _port(env: Mapping[str, str], variable: str) -> int | None:
    text = Settings(env).optional(variable)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_HIGHEST))):
        raise SettingsError(f"{variable} must be a port from 0 to {_HIGHEST}, not {text!r}")
    return int(text)
