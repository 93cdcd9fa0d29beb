"""Addresses in settings: which can be used, and how they are shown. Pure.

A password in one is percent-encoded (RFC 3986, 3.2.1): ``#``, ``/`` and ``?`` would end it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SERVER = re.compile(r"[^\s,/@]+:([0-9]{1,5})", re.ASCII)
_SENTINELS = re.compile(
    r"rediss?\+sentinel://(?:[^@/?#\s]*@)?([^@/?#\s]+)/[A-Za-z0-9_.-]+", re.ASCII
)
_CLUSTER = re.compile(r"rediss?\+cluster://(?:[^@/?#\s]*@)?([^@/?#\s]+)", re.ASCII)
_NEXT = re.compile(r",(?=[a-z]+://)")
_USER_INFO = re.compile(r"://.*@", re.DOTALL)
_HIGHEST_PORT = 65_535

IN_PASSWORDS = "in a password, %23 stands for #, %2F for / and %3F for ?"
"""What to tell whoever wrote an address that cannot be used."""


def is_address(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether it is an absolute address with a host, and without query or fragment."""
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_whole = parts.scheme in schemes and bool(parts.hostname) and has_port
    # A raw slash in a password makes a path of its end.
    is_plain = text.isprintable() and not any(each in text for each in " ?#")
    is_plain = is_plain and "@" not in parts.path
    return is_whole and is_plain


def are_sentinels(text: str) -> bool:
    """Whether it is ``redis+sentinel://host:port,host:port/service``, with TLS ``rediss+…``."""
    found = _SENTINELS.fullmatch(text)
    return found is not None and are_servers(found[1])


def is_cluster(text: str) -> bool:
    """Whether it is ``redis+cluster://host:port,host:port``, with TLS ``rediss+…``."""
    found = _CLUSTER.fullmatch(text)
    return found is not None and are_servers(found[1])


def are_servers(text: str) -> bool:
    """Whether it is ``host:port``, or several of them separated by commas."""
    found = [_SERVER.fullmatch(each.strip()) for each in text.split(",")]
    return all(each is not None and 0 < int(each[1]) <= _HIGHEST_PORT for each in found)


def without_user_info(text: str) -> str:
    """An address, or several separated by commas, that may be shown; also of a malformed one."""
    return ",".join(_USER_INFO.sub("://***@", each) for each in _NEXT.split(text))
