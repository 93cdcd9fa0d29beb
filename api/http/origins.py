"""Which pages of other origins may read the API's answers: the policy, and its setting. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

ANY = "*"

_DEFAULT_PORTS = {"http": 80, "https": 443}

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ORIGIN = re.compile(
    rf"(?P<scheme>https?)://(?:{_LABEL}(?:\.{_LABEL})*|\[(?P<ipv6>[0-9a-f:]+)\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy:
    """``origins`` are compared as they stand, or are :data:`ANY` alone; none: no CORS at all.

    ``max_age_seconds`` is how long a browser need not ask again; Chromium caps it at 7,200.
    """

    origins: tuple[str, ...] = ()
    max_age_seconds: int = 7200

    @property
    def is_for_all(self) -> bool:
        """Whether pages of every origin are allowed."""
        return self.origins == (ANY,)


def parse_origins(text: str) -> tuple[str, ...]:
    """The origins in a list with commas, each once.

    Raises:
        ValueError: one is not what a browser writes into the header ``Origin``; the text names it,
            and the origin that may be meant.
    """
    found = [each.strip() for each in text.split(",")]
    if found == [ANY]:
        return (ANY,)
    for each in found:
        if not _is_origin(each):
            meant = _origin_of(each)
            raise ValueError(f"not {each!r}" + (f" (write {meant})" if meant else ""))
    return tuple(dict.fromkeys(found))


def _is_origin(text: str) -> bool:
    """Whether a browser would write it so (RFC 6454, 6.2): lower case, no default port, no path."""
    parts = _ORIGIN.fullmatch(text)
    if parts is None:
        return False
    port = int(parts["port"] or 0)
    has_port = port <= 65_535 and port != _DEFAULT_PORTS[parts["scheme"]]
    return has_port and (parts["ipv6"] is None or _is_ipv6(parts["ipv6"]))


def _is_ipv6(text: str) -> bool:
    try:
        return ipaddress.IPv6Address(text).compressed == text
    except ValueError:
        return False


def _origin_of(address: str) -> str | None:
    """The origin of a web address; ``None`` if it has none."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    shown = f"[{host}]" if ":" in host else host
    is_default = port is None or port == _DEFAULT_PORTS.get(parts.scheme)
    origin = f"{parts.scheme}://{shown}" + ("" if is_default else f":{port}")
    return origin if _is_origin(origin) else None
