"""Who sends: the application whose key a request has, and whether it may be let in.

The key is the header ``X-UGC-Key`` or, for what cannot set headers (``navigator.sendBeacon``), the
query parameter ``key``; the header stands first.  Where the project has no ``applications.json``
nothing of this is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from api.errors import Rejection
from api.limits.rate_limit import Rate, RateLimit
from contracts.errors import SettingError
from contracts.model.applications import OTHER, PARAMETER, Application, Applications
from contracts.reasons import DESCRIPTIONS, Reason

_PLAIN_QUERY = re.compile(rf"{PARAMETER}=([A-Za-z0-9_-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Door:
    """Lets applications in. Safe to share between threads.

    ``limits`` has what each application with a rate may send, by key.
    """

    applications: Applications
    limits: Mapping[str, RateLimit] = field(default_factory=dict)

    def admitted(self, key: str | None, origin: str | None) -> Application | None:
        """The application with this key; ``None`` without one, where none is needed.

        ``origin`` is the header of that name.

        Raises:
            Rejection: there is no such application, or it may not send, or not from there.
        """
        if key is None:
            if self.applications.is_required:
                raise _refused(Reason.APPLICATION_KEY_MISSING)
            return None
        found = self.applications.by_key.get(key)
        if found is None:
            raise _refused(Reason.APPLICATION_UNKNOWN)
        if found.is_disabled:
            raise _refused(Reason.APPLICATION_DISABLED)
        if found.origins is not None and origin not in found.origins:
            raise _refused(Reason.ORIGIN_NOT_ALLOWED)
        return found

    def count(self, application: Application, cost: int) -> None:
        """Counts events of an application.

        Raises:
            Rejection: ``RATE_LIMITED``; nothing was counted.
        """
        limit = self.limits.get(application.key)
        if limit is not None:
            limit.check(f"application {application.key}", cost=cost)

    def label(self, key: str | None) -> str | None:
        """What figures call the sender, whether it is let in or not."""
        if key is None:
            return None
        found = self.applications.by_key.get(key)
        return OTHER if found is None else found.name


def _refused(reason: Reason) -> Rejection:
    return Rejection(reason, DESCRIPTIONS[reason])


def key_in_query(query: str) -> str | None:
    """The key in a query that has it alone and plain; any other is for the framework to read."""
    found = _PLAIN_QUERY.fullmatch(query)
    return None if found is None else found[1]


def door(applications: Applications | None, limit_of: Callable[[Rate], RateLimit]) -> Door | None:
    """``None`` where everybody may send; ``limit_of`` makes what counts up to a rate."""
    if applications is None:
        return None
    rates = {key: each.rate for key, each in applications.by_key.items()}
    limits = {
        key: limit_of(Rate(rate.events, rate.window_seconds))
        for key, rate in rates.items()
        if rate is not None
    }
    return Door(applications, limits)


def check_rates(applications: Applications | None, batch_events: int) -> None:
    """Refuses a rate that the largest batch exceeds: it would be told to wait, in vain.

    Raises:
        SettingError: it names the application.
    """
    for each in () if applications is None else applications.by_key.values():
        if each.rate is not None and each.rate.events < batch_events:
            raise SettingError(
                "BATCH_LIMIT_EVENTS",
                f"{each.rate.events:,} at most, since the application {each.name} may send no more"
                " at a time (rate_limit in applications.json); lower the one or raise the other",
            )
