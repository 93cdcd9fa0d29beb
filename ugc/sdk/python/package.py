"""The files of the Python package. Pure, but for reading the modules that lie beside."""

from __future__ import annotations

from importlib.resources import files

from contracts.model.loader import Catalog
from contracts.model.types import (
    BooleanType,
    Contract,
    DecimalType,
    IntegerType,
    NumberType,
    StringType,
    UuidType,
)
from ugc.sdk.files import Files
from ugc.sdk.python.names import attribute
from ugc.sdk.python.types import module
from ugc.sdk.shapes import Shape, data_members, sent_contracts

_CORE = "ugc.sdk.python.core"

_IMPORTS = {"Decimal": "from decimal import Decimal", "UUID": "from uuid import UUID"}
"""What a value of the example needs."""

_PROJECT = """\
# Made by `ugc sdk build --python` from the contracts.
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "{version}"
description = "Typed events of {project}, and what sends them from a server."
readme = "README.md"
requires-python = ">=3.11"
dependencies = []
classifiers = ["Typing :: Typed"]

[tool.setuptools]
packages = ["{package}", "{package}._core"]

[tool.setuptools.package-data]
{package} = ["py.typed"]
"""

_README = """\
# {package}

Typed events of {project}, and what sends them from a server. Made by `ugc sdk build --python` from
the contracts; nothing but Python's standard library (3.11 or later) is needed.

```python
{imports}from {package} import Tracker

with Tracker("https://events.example.com"{key}) as tracker:
{example}
```

A type checker knows every event and field. Each event also is a dataclass, for
`tracker.track(event, token=…{context})`. Make one tracker for the program: it takes events at once,
sends them in the background, repeats what got no answer, and tells `on_rejected` what the API
refused. With `spool="some/folder"` an event is on disk when it is taken, and outlives the process.
"""


def package_files(catalog: Catalog) -> Files:
    """Path in the package → content."""
    project = catalog.naming.database
    package = f"{project.lower()}_events"
    version = package_version(catalog)
    made = module(catalog, version)
    core = files(_CORE)
    told = {
        "project": project,
        "package": package,
        "name": f"{project.lower().replace('_', '-')}-events-sdk",
        "version": version,
    }
    return {
        "pyproject.toml": _PROJECT.format(**told),
        "README.md": _README.format(**told, **_example(catalog)),
        f"{package}/__init__.py": _init(made.names, project),
        f"{package}/events.py": made.text,
        f"{package}/py.typed": "",
        **{
            f"{package}/_core/{each.name}": each.read_text(encoding="utf-8").replace(
                _CORE, f"{package}._core"
            )
            for each in sorted(core.iterdir(), key=lambda each: each.name)
            if each.name.endswith(".py")
        },
    }


def package_version(catalog: Catalog) -> str:
    """Grows with every version of a contract: one that was merged stays as it is."""
    context = 0 if catalog.context is None else catalog.context.version
    return f"1.{sum(len(versions) for versions in catalog.versions.values()) + context}.0"


def _init(names: tuple[str, ...], project: str) -> str:
    told = sorted({*names, "Counts", "DropReason", "Rejected"})
    listed = "".join(f'    "{name}",\n' for name in told)
    events = "".join(f"    {name},\n" for name in sorted(names))
    return (
        f'"""Typed events of {project}. Made by `ugc sdk build --python`."""\n\n'
        "from ._core.settings import Counts, DropReason, Rejected\n"
        f"from .events import (\n{events})\n\n"
        f"__all__ = [\n{listed}]\n"
    )


def _example(catalog: Catalog) -> dict[str, str]:
    """A call whose values are the contract's own example.

    It is of the event that is said most shortly: best without a value that has to be imported, and
    no half of a pair, which means little alone.
    """
    has_context = catalog.context is not None and catalog.context.is_sent
    pairs = catalog.pairings.values()
    halves = {event for pair in pairs for event in (pair.start, pair.end)}
    newest = (each for each in sent_contracts(catalog) if each is catalog.get(each.event))
    calls = [
        (len(_imported(call)), contract.event in halves, len(call), call)
        for contract in newest
        if (call := _call(contract)) is not None
    ]
    call = min(calls)[-1] if calls else "..."
    imports = "".join(f"{line}\n" for line in _imported(call))
    return {
        "context": ", context=…" if has_context else "",
        "key": "" if catalog.applications is None else ', key="…"',
        "imports": f"{imports}\n" if imports else "",
        "example": f"    {call}",
    }


def _call(contract: Contract) -> str | None:
    """The call for the first example; None where it has lists or objects in it."""
    given = contract.examples[0] if contract.examples else {}
    said = []
    for each in data_members(contract):
        if each.json_name not in given:
            if each.required:
                return None
            continue
        if (value := _literal(each.shape, given[each.json_name])) is None:
            return None
        said.append(f"{attribute(each.json_name, each.name)}={value}")
    return f"tracker.{attribute(contract.event, '')}({', '.join(said)})"


def _imported(call: str) -> list[str]:
    return [line for name, line in _IMPORTS.items() if f"={name}(" in call]


def _literal(shape: Shape, value: object) -> str | None:
    match shape.type:
        case _ if value is None:
            return "None"
        case UuidType():
            return f"UUID({value!r})"
        case DecimalType():
            return f"Decimal({str(value)!r})"
        case StringType() | IntegerType() | NumberType() | BooleanType():
            return repr(value)
        case _:
            return None
