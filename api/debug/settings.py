"""Whether there is a debugger, who may look, and what is recorded without a tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.debug.recorder import EVERY
from contracts.errors import SettingError
from contracts.model.applications import Applications
from contracts.settings import Settings

_LEAST_KEY_CHARACTERS = 16

_SECRET = f"a secret of {_LEAST_KEY_CHARACTERS} characters of ASCII at least (DEBUGGER is key)"

_MODES = ("off", "key", "open")


@dataclass(frozen=True, slots=True, kw_only=True)
class DebuggerSettings:
    """``key`` is what whoever looks has to show; ``None``: everybody may look.

    ``applications`` are the names of those whose events are recorded without a tag, ``*`` for
    every event.
    """

    key: str | None = field(repr=False)
    applications: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> DebuggerSettings | None:
        """The settings in environment variables; ``None``: there is no debugger.

        Raises:
            SettingError: a variable is missing or malformed.
        """
        read = Settings(env)
        mode = read.text("DEBUGGER", "off")
        if mode not in _MODES:
            raise SettingError("DEBUGGER", "off, key (DEBUGGER_KEY is asked for) or open")
        key = read.optional("DEBUGGER_KEY")
        if (key is not None or mode == "key") and not _is_secret(key):
            raise SettingError("DEBUGGER_KEY", _SECRET)
        named = read.optional("DEBUGGER_APPLICATIONS") or ""
        names = tuple(name for each in named.split(",") if (name := each.strip()))
        if mode == "off":
            return None
        return cls(key=key if mode == "key" else None, applications=names)

    def check(self, known: Applications | None) -> None:
        """
        Raises:
            SettingError: there is no application of one of the names.
        """
        names = {EVERY, *(() if known is None else known.names)}
        if not names.issuperset(self.applications):
            expected = f"of {', '.join(sorted(names))}: applications.json has no others"
            raise SettingError("DEBUGGER_APPLICATIONS", expected)

    @property
    def records_every(self) -> bool:
        """Whether every event is recorded."""
        return EVERY in self.applications


def _is_secret(key: str | None) -> bool:
    return key is not None and key.isascii() and len(key) >= _LEAST_KEY_CHARACTERS
