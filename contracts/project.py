"""The project file ``ugc.toml``: what belongs to one project, beside its contracts.

::

    name = "shop"                       # the other names follow from it
    contracts = "contracts"             # folder, seen from this file
    owner = "web"                       # who answers for an event where --owner is left out
    rules = "rules.py"                  # lint rules of one's own: files, separated by commas
    topic_prefix = "shop"               # shop.events, shop.events.rejected, ….dead-letter
    consumer_group = "shop-etl"
    database = "shop"                   # shop, shop_unique, shop_reports
    subject_namespace = "shop.events"
    redis_prefix = "shop:"

Every key may be left out.  Each is a variable's value where the variable is not set, so that all
readers of settings find it where they look anyway.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from contracts.errors import SettingError
from contracts.naming import DATABASE_FORM, KEY_PREFIX_FORM, NAMESPACE_FORM, Form
from contracts.settings import Settings

PROJECT_FILE = "ugc.toml"
PROJECT_VARIABLE = "UGC_PROJECT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: the variable that it stands for, how it looks, and what follows from the name."""

    variable: str
    form: Form
    value: Callable[[Path, str], str] = lambda _folder, text: text
    default: Callable[[str], str] | None = None


NAME_FORM = Form(
    re.compile(r"(?!(?:system|default|information_schema)$)[a-z][a-z0-9_]{0,29}", re.ASCII),
    "a name like shop: a small letter, then small letters, digits and '_', 30 at most",
)

KEYS: Mapping[str, Key] = {
    "contracts": Key(
        variable="CONTRACTS_DIR",
        form=Form(re.compile(r"[^\0]+"), "the path of a folder, seen from this file"),
        value=lambda folder, text: str((folder / text).resolve()),
        default=lambda _name: "contracts",
    ),
    "owner": Key(
        variable="CONTRACTS_OWNER",
        form=Form(
            re.compile(r"[a-z0-9][a-z0-9_-]*", re.ASCII),
            "a team's name: small letters, digits, '_' and '-'",
        ),
    ),
    "rules": Key(
        variable="CONTRACTS_RULES",
        form=Form(re.compile(r"[^\0]+"), "paths of Python files, seen from this file"),
        value=lambda folder, text: ",".join(
            str((folder / each.strip()).resolve()) for each in text.split(",")
        ),
    ),
    "topic_prefix": Key(
        variable="KAFKA_TOPIC",
        form=Form(
            re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}", re.ASCII),
            "the beginning of topics' names: letters of ASCII, digits, '.', '_' and '-', 200 at"
            " most",
        ),
        value=lambda _folder, text: f"{text}.events",
        default=lambda name: name,
    ),
    "consumer_group": Key(
        variable="KAFKA_GROUP_ID",
        form=Form(re.compile(r"[\x21-\x7e]{1,249}"), "a group's name: ASCII without white space"),
        default=lambda name: f"{name}-etl",
    ),
    "database": Key(variable="CLICKHOUSE_DATABASE", form=DATABASE_FORM, default=lambda name: name),
    "subject_namespace": Key(
        variable="SCHEMA_SUBJECT_NAMESPACE",
        form=NAMESPACE_FORM,
        default=lambda name: f"{name}.events",
    ),
    "redis_prefix": Key(
        variable="REDIS_KEY_PREFIX", form=KEY_PREFIX_FORM, default=lambda name: f"{name}:"
    ),
}
"""Key of the file, beside ``name`` → what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project file that was read. ``variables``: what it says, as environment variables."""

    path: Path
    name: str | None
    variables: Mapping[str, str]


def find_project(env: Mapping[str, str], start: Path | None = None) -> Path | None:
    """The file that UGC_PROJECT names, else the nearest one from ``start`` upward, if any.

    It is looked for up to the top of the git work tree.  ``start`` is the working directory unless
    it is given.

    Raises:
        SettingError: UGC_PROJECT names none.
    """
    named = Settings(env).path(PROJECT_VARIABLE)
    if named is not None:
        found = named / PROJECT_FILE if named.is_dir() else named
        if not found.is_file():
            expected = f"the path of a {PROJECT_FILE}, or of the folder that holds one"
            raise SettingError(PROJECT_VARIABLE, expected)
        return found.resolve()
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
        if (folder / ".git").exists():
            break
    return None


def read_project(path: Path) -> Project:
    """What a project file says.

    Raises:
        SettingError: it cannot be read, has an unknown key, or a value is wrong; the text names
            file and key.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(str(path), f"a file that can be read ({error.strerror})") from error
    except ValueError as error:
        raise SettingError(str(path), f"TOML: {error}") from error
    for key in document:
        if key != "name" and key not in KEYS:
            raise SettingError(f"{path}: {key}", _right_key(key))
    name = _value(path, document, "name", NAME_FORM)
    variables: dict[str, str] = {}
    for key, meaning in KEYS.items():
        text = _value(path, document, key, meaning.form)
        if text is None and meaning.default is not None and (name or key == "contracts"):
            text = meaning.default(name or "")
        if text is not None:
            variables[meaning.variable] = meaning.value(path.parent, text)
    return Project(path=path, name=name, variables=variables)


def project_of(env: Mapping[str, str], start: Path | None = None) -> Project | None:
    """The project around the working directory, or the one that UGC_PROJECT names.

    Raises:
        SettingError: as :func:`find_project` and :func:`read_project`.
    """
    found = find_project(env, start)
    return None if found is None else read_project(found)


def with_project(env: Mapping[str, str]) -> Mapping[str, str]:
    """The environment over what its project file says; a variable set to nothing is not set.

    Raises:
        SettingError: as :func:`project_of`.
    """
    project = project_of(env)
    if project is None:
        return env
    return {**project.variables, **{name: value for name, value in env.items() if value.strip()}}


def _value(path: Path, document: Mapping[str, object], key: str, form: Form) -> str | None:
    if key not in document:
        return None
    found = document[key]
    if not isinstance(found, str) or not form.fits(found):
        raise SettingError(f"{path}: {key}", f"a text in quotes, {form.words}")
    return found


def _right_key(key: str) -> str:
    known = ("name", *KEYS)
    if near := get_close_matches(key, known, n=1):
        return f"written {near[0]}; there is no such key (the keys are {', '.join(known)})"
    return f"left out; there is no such key (the keys are {', '.join(known)})"
