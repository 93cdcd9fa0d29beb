"""What a site is told beside the contracts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ugc.catalog.snippets import LOCAL_API

Key = tuple[str, int]
"""Event and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """``title``: the project's name.  ``topic``: where accepted events go.  ``api``: the address
    that snippets send to.  ``url``: where the site will be found, ending in ``/``, for the feed;
    its links are relative without one.  ``dates``: when versions were written, as far as it is
    known.  ``is_served``: the API serves it, so that its documentation is beside it; else links
    name files, so that a browser can open them from a disk.
    """

    title: str
    topic: str
    api: str = LOCAL_API
    url: str = ""
    dates: Mapping[Key, dt.datetime] = field(default_factory=lambda: MappingProxyType({}))
    is_served: bool = False
