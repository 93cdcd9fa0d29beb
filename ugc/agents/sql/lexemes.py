"""The words of a query. Pure.

Only what is read in one way alone is taken: whatever else ClickHouse may know (heredocs,
parameters in braces, quotes that are not ASCII, numbers that run into names) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ugc.agents.sql.errors import QueryRefusedError


class Kind(StrEnum):
    """What a lexeme is."""

    NAME = "name"
    QUOTED = "quoted name"
    STRING = "string"
    NUMBER = "number"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """``text`` as it stands in the query; ``name`` what a name says without its quotes."""

    kind: Kind
    text: str

    @property
    def name(self) -> str | None:
        """The name, if it is one."""
        match self.kind:
            case Kind.NAME:
                return self.text
            case Kind.QUOTED:
                return self.text[1:-1]
            case _:
                return None

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these keywords, however written."""
        return self.kind is Kind.NAME and self.text.upper() in words


_PATTERN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+|--[^\n]*|/\*(?:(?!/\*).)*?\*/)
    |(?P<string>'(?:[^'\\\x00]|\\[^\x00]|'')*')
    |(?P<quoted>"[^"\\`\x00-\x1f]+"|`[^"\\`\x00-\x1f]+`)
    |(?P<number>(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_]))
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<sign><=>|<=|>=|<>|!=|==|::|->|\|\||[-+*/%()\[\],.<>=?:])
    """,
    re.VERBOSE | re.DOTALL,
)


def lexemes(query: str) -> Iterator[Lexeme]:
    """The words of a query, in order, without spaces and comments.

    Raises:
        QueryRefusedError: a character that no query needs; the text names it and its place.
    """
    at = 0
    while at < len(query):
        found = _PATTERN.match(query, at)
        if found is None:
            raise QueryRefusedError(
                f"{query[at]!r} at character {at + 1} is not taken: a query is one SELECT of names,"
                " numbers, 'strings' and plain signs, without a semicolon at its end"
            )
        if found.lastgroup != "space":
            yield Lexeme(_KINDS[found.lastgroup or ""], found[0])
        at = found.end()


_KINDS = {
    "string": Kind.STRING,
    "quoted": Kind.QUOTED,
    "number": Kind.NUMBER,
    "name": Kind.NAME,
    "sign": Kind.SIGN,
}
