"""Rewrites a stranger's query so that it can reach what it is given, and nothing else. Pure.

How it is safe, without trust in what the query says:

- The query becomes a subquery in brackets of our own, and its brackets have to match: ClickHouse's
  grammar has nothing but SELECT there.
- ``ugc_unique.order_placed`` becomes the name of a common table expression that selects the columns
  that are shown.  The personal ones are in no scope that the query has, so no ``*``, alias,
  function, join or subquery can name them.
- A name with a database before it is refused unless it is on the list, as is a plain name that is
  some table's in the database of the connection.  A string stands in brackets, where ClickHouse
  takes none for the name of a table.
- Functions are those of :mod:`ugc.agents.sql.functions`; ``APPLY``, which calls one by name, and
  ``SETTINGS``, which would lift limits, are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ch_schema.quoting import quote_identifier
from ugc.agents.sql.errors import QueryRefusedError
from ugc.agents.sql.functions import WORDS_BEFORE_BRACKETS, is_allowed
from ugc.agents.sql.lexemes import Kind, Lexeme, lexemes
from ugc.agents.sql.relations import Name, Relation

_CLOSING = {")": "(", "]": "["}
_REFUSED_WORDS = ("APPLY", "SETTINGS", "FORMAT", "INTO", "OUTFILE", "SAMPLE")
_MOST_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What names mean there: its databases, and the tables of the connection's own database."""

    databases: Collection[str]
    database: str
    tables: Collection[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fenced:
    """``statement`` without limits; ``read`` is what it reads."""

    statement: str
    read: tuple[Relation, ...]


def fenced(query: str, known: Mapping[Name, Relation], server: Server) -> Fenced:
    """The statement that answers a query from what it may read.

    Raises:
        QueryRefusedError: the query is no SELECT, or names what it may not; the text says what.
    """
    if len(query) > _MOST_CHARACTERS:
        raise QueryRefusedError(f"a query has at most {_MOST_CHARACTERS} characters")
    words = list(lexemes(query))
    _check_shape(words)
    _check_calls(words)
    rewriting = _Rewriting(words, known, server)
    inner = rewriting.text()
    read = tuple(rewriting.read.values())
    given = ", ".join(f"{_given_name(each)} AS ({each.select()})" for each in read)
    head = f"WITH {given} " if given else ""
    return Fenced(statement=f"{head}SELECT * FROM ({inner})", read=read)  # noqa: S608 - see above


def _check_shape(words: Sequence[Lexeme]) -> None:
    first = next((word for word in words if word.text != "("), None)
    if first is None or not first.is_word("SELECT", "WITH"):
        raise QueryRefusedError("a query begins with SELECT or WITH; nothing else is run")
    depth: list[str] = []
    for word in words:
        if word.kind is Kind.SIGN and word.text in "([":
            depth.append(word.text)
        elif word.kind is Kind.SIGN and word.text in _CLOSING:
            if not depth or depth.pop() != _CLOSING[word.text]:
                raise QueryRefusedError("a bracket is closed that was not opened")
        elif word.is_word(*_REFUSED_WORDS):
            raise QueryRefusedError(
                f"{word.text} is not taken; a column of that name is written in double quotes"
            )
    if depth:
        raise QueryRefusedError("a bracket is not closed")


def _check_calls(words: Sequence[Lexeme]) -> None:
    for word, following in pairwise(words):
        name = word.name
        if name is None or following.text != "(" or following.kind is not Kind.SIGN:
            continue
        is_keyword = word.kind is Kind.NAME and name.upper() in WORDS_BEFORE_BRACKETS
        if not is_keyword and not is_allowed(name):
            raise QueryRefusedError(
                f"the function {name} is not among those that a query may call here"
            )


class _Rewriting:
    """One pass over the words; ``read`` gathers what is read."""

    def __init__(
        self, words: Sequence[Lexeme], known: Mapping[Name, Relation], server: Server
    ) -> None:
        self._words = words
        self._known = known
        self._server = server
        self.read: dict[Name, Relation] = {}

    def text(self) -> str:
        found, at = [], 0
        while at < len(self._words):
            text, used = self._next(at)
            found.append(text)
            at += used
        return " ".join(found)

    def _next(self, at: int) -> tuple[str, int]:
        """What stands for the words from ``at`` on, and for how many of them."""
        word = self._words[at]
        if word.kind is Kind.STRING:
            is_cast = at + 1 < len(self._words) and self._words[at + 1].text == "::"
            return word.text if is_cast else f"({word.text})", 1
        name = word.name
        if name is None or (at and self._is_dot(at - 1)):
            return word.text, 1
        if self._is_dot(at + 1) and name in self._server.databases:
            table = self._words[at + 2].name if at + 2 < len(self._words) else None
            return self._relation((name, table or "*")), 3
        if name in self._server.tables:
            named = next((each for each in self._known if each[1] == name), None)
            return self._relation(named or (self._server.database, name)), 1
        is_path = "/" in name or ("." in name and not self._is_column(name))
        if word.kind is Kind.QUOTED and is_path:
            raise QueryRefusedError(f"{word.text} is no column that can be read here")
        return word.text, 1

    def _is_dot(self, at: int) -> bool:
        return at < len(self._words) and self._words[at].text == "."

    def _is_column(self, name: str) -> bool:
        return any(name in each.columns for each in self._known.values())

    def _relation(self, name: Name) -> str:
        found = self._known.get(name)
        if found is None:
            database, table = name
            others = [each.called for each in self._known.values() if each.name == table]
            names = ", ".join(others or sorted(each.called for each in self._known.values()))
            raise QueryRefusedError(f"{database}.{table} cannot be read here; there is: {names}")
        self.read[name] = found
        return _given_name(found)


def _given_name(relation: Relation) -> str:
    return quote_identifier(f"shown_{relation.database}__{relation.name}")
