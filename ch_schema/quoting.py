"""The one place where names and texts become part of a SQL statement."""

from __future__ import annotations


def quote_identifier(name: str) -> str:
    """A database, table or column name in backticks."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quote_table(name: str) -> str:
    """A table's name, ``table`` or ``database.table``, each part in backticks."""
    return ".".join(map(quote_identifier, name.split(".")))


def quote_string(text: str) -> str:
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
