"""Lint rules of one's own: what a company demands of its contracts beside what everybody needs.

A rule is a function of one contract::

    from collections.abc import Iterator
    from contracts.lint.company import LintedContract, Remark

    def price_has_currency(contract: LintedContract) -> Iterator[Remark]:
        fields = contract.schema["properties"]
        if "price" in fields and "currency" not in fields:
            yield Remark("/properties/price", "has no currency", 'write "currency" beside it')

It is named by whoever brings it: a package by an entry point of the group ``ugc_events.lint``, a
Python file by a dictionary ``RULES`` (name → function).  The name is the code of its findings.

Rules see the newest version of each event, since a merged version stays as it is, and only where
the contract keeps the dialect: what breaks it is told by our own rules first.
"""

from __future__ import annotations

import copy
import importlib.metadata
import importlib.util
import re
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from contracts.lint.rules import RULES, Severity

ENTRY_POINTS = "ugc_events.lint"
"""The group of entry points: name of a rule → the function."""

IN_A_FILE = "RULES"
"""What a Python file of rules calls its dictionary: name of a rule → the function."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedContract:
    """What a rule gets: one contract, and copies of its JSON that are the rule's own.

    ``document`` is what the file says; ``schema`` the same with every shared definition that it
    refers to in its ``$defs``, so that ``$ref`` never leaves it.  ``path`` is the file.
    """

    event: str
    version: int
    path: Path
    document: Mapping[str, Any]
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to change.

    ``pointer`` (RFC 6901) leads to it inside the contract's file, or inside ``file``, a path below
    the contract folder.  A pointer below ``/$defs/shared.<name>.v<N>`` leads into that shared
    definition.  ``remedy`` says what to write instead.
    """

    pointer: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR
    file: str | None = None

    def __post_init__(self) -> None:
        """Shows a rule its mistake where it makes it.

        Raises:
            TypeError: a part is no text, or the severity is none.
        """
        if not all(isinstance(each, str) for each in (self.pointer, self.message, self.remedy)):
            raise TypeError("pointer, message and remedy of a Remark are texts")
        if not isinstance(self.severity, Severity):
            raise TypeError("the severity of a Remark is Severity.ERROR or Severity.WARNING")


class CompanyRule(Protocol):
    """A rule: what is wrong with a contract, by its demand; nothing where it is kept."""

    def __call__(self, contract: LintedContract, /) -> Iterable[Remark]: ...


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule, or what should bring rules, that does not work.

    ``where`` tells which, as people find it: ``name (package.module:function)``, or a file.
    ``path`` and ``line`` are known where a file is to blame.
    """

    where: str
    message: str
    path: Path | None = None
    line: int = 1


@dataclass(frozen=True, slots=True)
class CompanyRules:
    """Rules by name, each with where it comes from; and what could not be loaded."""

    rules: Mapping[str, tuple[CompanyRule, str]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()


NO_RULES = CompanyRules()


def load_rules(
    files: Iterable[Path] = (), installed: Iterable[importlib.metadata.EntryPoint] | None = None
) -> CompanyRules:
    """The rules of installed packages, then those of Python files; nothing is raised.

    Args:
        files: each has a dictionary ``RULES``.
        installed: entry points; those of the group ``ugc_events.lint`` unless they are given.
    """
    found = _Found()
    points = importlib.metadata.entry_points(group=ENTRY_POINTS) if installed is None else installed
    for point in sorted(points):
        where = f"{point.name} ({point.value})"
        found.try_to(where, partial(found.add_installed, point, where))
    for path in files:
        found.try_to(str(path), partial(found.add_all, path), path)
    return CompanyRules(found.rules, tuple(found.failures))


def remarks(
    rules: CompanyRules, contracts: Iterable[LintedContract]
) -> Iterator[tuple[LintedContract, str, Remark | Failure]]:
    """Contract, rule and what it says, or that it failed; a rule that fails is asked no more."""
    contracts = tuple(contracts)
    for name, (rule, where) in rules.rules.items():
        for contract in contracts:
            told, failure = _asked(rule, f"{name} ({where})", contract)
            yield from ((contract, name, each) for each in told)
            if failure is not None:
                yield contract, name, failure
                break


def _asked(
    rule: CompanyRule, where: str, contract: LintedContract
) -> tuple[list[Remark], Failure | None]:
    """What a rule says of one contract, up to where it fails."""
    told: list[Remark] = []
    own = LintedContract(
        event=contract.event,
        version=contract.version,
        path=contract.path,
        document=copy.deepcopy(dict(contract.document)),
        schema=copy.deepcopy(dict(contract.schema)),
    )
    try:
        said: Iterable[object] = rule(own)
        for each in said:
            if not isinstance(each, Remark):
                message = f"gave a {type(each).__name__} and no Remark"
                return told, Failure(where, message)
            told.append(each)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code; it is told by name
        return told, Failure(where, f"raised {_in_words(error)}")
    return told, None


class _Found:
    """Rules and failures while they are gathered."""

    def __init__(self) -> None:
        self.rules: dict[str, tuple[CompanyRule, str]] = {}
        self.failures: list[Failure] = []

    def try_to(self, where: str, load: Callable[[], None], path: Path | None = None) -> None:
        try:
            load()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code, as above
            line = _line_in(error, path)
            message = f"cannot be loaded: {_in_words(error)}"
            self.failures.append(Failure(where, message, path, line))

    def add(self, name: str, rule: Any, where: str) -> None:
        """Takes a rule in.

        Raises:
            ValueError: the name is none, or is taken; or it is no function.
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a rule: write it like no-free-text")
        if name in RULES or name in self.rules:
            raise ValueError(f"there is a rule {name} already; write another name")
        if not callable(rule):
            raise ValueError(f"{name} is a {type(rule).__name__} and no function")
        self.rules[name] = (rule, where)

    def add_installed(self, point: importlib.metadata.EntryPoint, where: str) -> None:
        self.add(point.name, point.load(), where)

    def add_all(self, path: Path) -> None:
        rules = getattr(_module(path), IN_A_FILE, None)
        if not isinstance(rules, Mapping):
            raise ValueError(f"it has no dictionary {IN_A_FILE} of name: function")
        for name, rule in rules.items():
            self.add(name, rule, str(path))


def _module(path: Path) -> ModuleType:
    """The module in a file, which no other module finds by its name."""
    spec = importlib.util.spec_from_file_location(f"_ugc_rules_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError("it is no Python file; its name ends in .py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _line_in(error: BaseException, path: Path | None) -> int:
    """Where in a file it went wrong; the first line where that is not known."""
    if isinstance(error, SyntaxError) and error.lineno:
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if path and Path(frame.filename) == path]
    return (lines[-1] if lines else None) or 1


def _in_words(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
