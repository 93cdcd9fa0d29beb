"""Names of a plan → names as contracts have them. Pure.

Letters with marks lose them (``é`` → ``e``), Cyrillic and Greek ones are written in Latin, and any
other letter, or a sign that is all there is of a name, becomes its code point (``名`` → ``u540d``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

_LONGEST = 63

_CYRILLIC = dict(zip("абвгдезийклмнопрстуфхыэіґўј", "abvgdeziiklmnoprstufhyeiguj", strict=True))
_GREEK = dict(zip("αβγδεζηικλμνξοπρστυφως", "abgdeziiklmnxoprstyfos", strict=True))
_LATIN: Mapping[str, str] = {
    **_CYRILLIC,
    "ж": "zh",
    "ц": "ts",
    "ч": "ch",
    "ш": "sh",
    "щ": "shch",
    "ю": "yu",
    "я": "ya",
    "ё": "e",
    "ъ": "",
    "ь": "",
    "ї": "yi",
    "є": "ye",
    **_GREEK,
    "θ": "th",
    "χ": "ch",
    "ψ": "ps",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ı": "i",
}


def snake_case(name: str, prefix: str) -> str:
    """A name as contracts have it, the same for the same name; ``prefix`` goes before a digit."""
    spaced = re.sub(r"([^\W_A-Z])([A-Z])", r"\1_\2", name)
    written = "".join(map(_latin, spaced.lower()))
    words = re.findall(r"[a-z0-9]+", written)
    if not words:
        words = [f"u{ord(sign):x}" for sign in name[:_LONGEST]] or ["unnamed"]
    joined = "_".join(words)
    return _cut(joined if joined[0].isalpha() else f"{prefix}_{joined}")


def _latin(sign: str) -> str:
    """What is written for one lower-case letter or sign; ``_`` for what only parts words."""
    if sign.isascii():
        return sign if sign.isalnum() else "_"
    if sign in _LATIN:
        return _LATIN[sign]
    if unicodedata.combining(sign):
        return ""
    parts = unicodedata.normalize("NFKD", sign).lower()
    bare = "".join(_LATIN.get(part, part) for part in parts if not unicodedata.combining(part))
    if re.fullmatch(r"[a-z0-9]+", bare, re.ASCII):
        return bare
    return f"_u{ord(sign):x}_" if sign.isalnum() else "_"


def _cut(name: str, room: int = _LONGEST) -> str:
    return name[:room].rstrip("_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name in the contract; ``reason`` says why it is no mere spelling of the plan's, if so."""

    name: str
    of: str
    reason: str = ""

    @property
    def note(self) -> str:
        """Empty when the name is the plan's own."""
        if self.name == self.of:
            return ""
        return f"renamed to {self.name}" + (f": {self.reason}" if self.reason else "")


def chosen_names(
    plan_names: Sequence[str],
    *,
    prefix: str,
    reserved: Collection[str] = frozenset(),
    instead: str = "",
    known: Mapping[str, str] | None = None,
) -> dict[str, Name]:
    """A name for each, all of them distinct even without their ``_``, as lint demands.

    A name that can stay as it is does, whatever stands before it; the others follow in order.

    Args:
        plan_names: as the plan has them, each once.
        prefix: goes before a name that begins with a digit.
        reserved: names that cannot be had.
        instead: goes before those.
        known: names that have been chosen for some of them already, such as in version 1.
    """
    known = known or {}
    taken = {_bare(known[name]): name for name in plan_names if name in known}
    found = {name: Name(name=known[name], of=name) for name in plan_names if name in known}
    left = [name for name in plan_names if name not in known]
    next_number: dict[str, int] = {}
    for name in sorted(left, key=lambda each: snake_case(each, prefix) != each):
        wish = snake_case(name, prefix)
        reason = ""
        if wish in reserved:
            reason = f"the name {wish} is taken by the platform"
            wish = _cut(f"{instead}_{wish}")
        free, number = wish, next_number.get(wish, 1)
        while number > 1 or _bare(free) in taken or free in reserved:
            number += 1
            free = f"{_cut(wish, _LONGEST - len(str(number)) - 1)}_{number}"
            if _bare(free) not in taken and free not in reserved:
                break
        if number > 1:
            next_number[wish] = number
            reason = f"{wish} is {taken.get(_bare(wish), 'taken')!r} already"
        taken[_bare(free)] = name
        found[name] = Name(name=free, of=name, reason=reason)
    return found


def _bare(name: str) -> str:
    """What lint compares names by."""
    return name.replace("_", "")
