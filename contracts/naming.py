"""What a project's things are called outside of its contracts; read once from the environment.

===========================  ======================================================================
variable                     meaning (default)
===========================  ======================================================================
CLICKHOUSE_DATABASE          database of the tables; the views lie in two more, with ``_unique``
                             and ``_reports`` behind its name (that of CLICKHOUSE_URL, else
                             ``ugc``)
SCHEMA_SUBJECT_NAMESPACE     namespace of the Avro records, and so of the subjects (``ugc.events``)
REDIS_KEY_PREFIX             stands before every key in Redis (nothing)
===========================  ======================================================================

Projects that share a ClickHouse, a Schema Registry or a Redis differ in these, and in their topics
(:mod:`registry.topics`).  A variable that is set to nothing counts as not set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from contracts.errors import SettingError
from contracts.settings import Settings

DATABASE = "ugc"
NAMESPACE = "ugc.events"


@dataclass(frozen=True, slots=True)
class Form:
    """What a name looks like: as an expression for all of it, and in words."""

    pattern: re.Pattern[str]
    words: str

    def fits(self, text: str) -> bool:
        """Whether a text may be such a name."""
        return self.pattern.fullmatch(text) is not None


# ClickHouse takes more in quotes; these need none, in people's queries too.
DATABASE_FORM = Form(
    re.compile(r"(?i:(?!(?:system|default|information_schema)$)[a-z_][a-z0-9_]{0,62})", re.ASCII),
    "a database's name: letters of ASCII, digits and '_', no digit first, 63 at most;"
    " not system, default or information_schema",
)
# Source: Avro 1.12, "Names".
NAMESPACE_FORM = Form(
    re.compile(r"(?!.{129})[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*", re.ASCII),
    "a namespace like shop.events: names of letters of ASCII, digits and '_', no digit first, with"
    " dots between them, 128 letters at most",
)
KEY_PREFIX_FORM = Form(
    re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII),
    "the beginning of keys, like shop: with letters of ASCII, digits, '.', '_', ':' and '-',"
    " 64 at most",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names. The module says what each variable means."""

    database: str = DATABASE
    namespace: str = NAMESPACE
    key_prefix: str = ""

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Naming:
        """The names in environment variables.

        Raises:
            SettingError: a name is none.
        """
        read = Settings(env)
        of_url = _database_in(read.text("CLICKHOUSE_URL", ""))
        return cls(
            database=_name(read, "CLICKHOUSE_DATABASE", DATABASE_FORM, of_url or DATABASE),
            namespace=_name(read, "SCHEMA_SUBJECT_NAMESPACE", NAMESPACE_FORM, NAMESPACE),
            key_prefix=_name(read, "REDIS_KEY_PREFIX", KEY_PREFIX_FORM, ""),
        )


def _name(read: Settings, variable: str, form: Form, default: str) -> str:
    found = read.text(variable, default)
    if found and not form.fits(found):
        raise SettingError(variable, form.words)
    return found


def _database_in(url: str) -> str:
    """The database that a ClickHouse URL names; "" for none, and where no table of ours can be.

    What is wrong with a URL is told by whoever connects (:mod:`ch_schema.client.address`).
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme == "chdb":
        found = parse_qs(parts.query).get("database", [""])[-1]
    else:
        found = unquote(parts.path.strip("/"))
    return found if DATABASE_FORM.fits(found) else ""
