"""An address that one server has for itself, with a socket for each of its workers.

Workers that shared one socket would not share its connections evenly: whoever wakes first takes
them.  With a socket each (SO_REUSEPORT) the system deals them out, but would deal them out to other
servers that do the same, too.  So the address is claimed without it first.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

from ugc.errors import AddressError

BACKLOG = 1024
"""Connections of one socket that wait to be accepted."""

_HIGHEST_PORT = 65_535


class Address:
    """A claimed address. Sockets are bound here; workers listen when they are ready to accept."""

    def __init__(self, host: str, port: int) -> None:
        """Claims the address; ``host`` may be a name.

        Raises:
            AddressError: somebody listens there, or it is not one of this machine.
        """
        # getaddrinfo takes numbers modulo 65,536, and a claim lasts only on a port that was named.
        if not 1 <= port <= _HIGHEST_PORT:
            raise AddressError(
                f"cannot listen on {host}, port {port}: a port is from 1 to {_HIGHEST_PORT}"
            )
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            self._family: int = found[0][0]
            self._claim = self._claimed(found[0][4])
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that is none
            raise AddressError(f"cannot listen on {host}, port {port}: {error}") from error
        self._of_place: dict[int, socket.socket] = {}

    def of_place(self, place: int) -> socket.socket:
        """The socket of a worker and of its successor, bound."""
        if sys.platform != "linux":  # elsewhere the last one to listen would get everything
            return self._claim
        if place not in self._of_place:
            self._of_place[place] = self._another()
        return self._of_place[place]

    def give_up(self, place: int) -> None:
        """Closes a socket whose worker has ended, so that nobody waits there for its successor."""
        if place in self._of_place:
            self._of_place.pop(place).close()

    def keep_only(self, place: int) -> None:
        """In a worker: closes what is not its own, so that it ends with those whose it is."""
        own = self.of_place(place)
        for each in (self._claim, *self._of_place.values()):
            if each is not own:
                each.close()

    def close(self) -> None:
        """Closes all that this process has of it; its workers have theirs."""
        for each in (self._claim, *self._of_place.values()):
            each.close()

    def _claimed(self, address: Any) -> socket.socket:
        claim = socket.socket(self._family)
        try:
            # Connections of a predecessor that linger are no reason not to start.
            claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            claim.bind(address)
            claim.listen(BACKLOG)  # of two that start at once, one fails here
            if sys.platform == "linux":
                # Others may not bind, whether anybody listens or not; our workers' sockets may.
                claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
                claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                claim.shutdown(socket.SHUT_RDWR)  # it keeps the address, and gets no connection
        except BaseException:
            claim.close()
            raise
        return claim

    def _another(self) -> socket.socket:
        another = socket.socket(self._family)
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        another.bind(self._claim.getsockname())
        return another
