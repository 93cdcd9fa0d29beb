"""The quality of the data, printed for people or programs."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Column, Table
from rich.text import Text

from contracts.visible import counted
from etl.app import ask_quality
from etl.config import EtlConfig
from etl.quality.objectives import Finding, Verdict
from etl.sessions.pairing import instant
from ugc.environment import require
from ugc.terminal import PlainConsole, say_json

_SHARES = frozenset(
    {
        "invalid",
        "duplicates",
        "gaps",
        "missing rows",
        "unpaired",
        "clocks",
        "client numbers",
        "client repeats",
    }
)
_COLOURS = {True: "green", False: "bold red", None: "yellow"}
_WORDS = {True: "ok", False: "MISSED", None: "not known"}


def print_quality(env: Mapping[str, str], since_ms: int, *, as_json: bool) -> bool:
    """Prints the verdict; gives whether all objectives are met.

    Raises:
        MisconfiguredError: no stack is running, and nothing names Kafka.
        EtlError, ClickHouseError, ContractError: it could not be told.
    """
    require(env, "KAFKA_BOOTSTRAP_SERVERS")
    verdict = ask_quality(EtlConfig.from_env(env), instant(since_ms))
    if as_json:
        say_json(verdict.as_dict())
    else:
        _print(verdict, since_ms)
    return verdict.met


def _print(verdict: Verdict, since_ms: int) -> None:
    console, facts = PlainConsole(), verdict.facts
    console.print(
        f"Since {instant(since_ms).isoformat(' ', 'seconds')}: {counted(facts.runs, 'run')}."
    )
    if facts.numbers is not None:
        numbers = facts.numbers
        console.print(
            f"Producers gave {counted(numbers.given, 'number')}: {numbers.missing} missing,"
            f" {numbers.cut_off} cut off unanswered,"
            f" {numbers.awaited} may still come, {numbers.repeated} came twice;"
            f" {counted(numbers.unstamped, 'message')} had none."
        )
    for each in facts.clients or ():
        console.print(
            f"{each.name}: {counted(each.rows, 'numbered event')} of"
            f" {counted(each.installations, 'installation')}: {each.missing} missing,"
            f" {each.awaited} may still come, {each.repeated} came twice."
        )
    if facts.refused is None:
        console.print("Refused events are not known: there is no topic that keeps them.")
    elif facts.refusal_reasons:
        told = ", ".join(f"{number} {code}" for code, number in facts.refusal_reasons.items())
        console.print(f"Refused by the API: {told}.")
    table = Table(
        Column("event", no_wrap=True), Column("objective", no_wrap=True), "is", "limit", "", "why"
    )
    for finding in sorted(verdict.findings, key=lambda each: each.met is not False):
        table.add_row(
            finding.event or "all",
            finding.check,
            _figure(finding, finding.measured),
            _figure(finding, finding.limit),
            Text(_WORDS[finding.met], style=_COLOURS[finding.met]),
            finding.explanation,
        )
    console.print(table)
    missed = sum(finding.met is False for finding in verdict.findings)
    console.print(f"Missed: {missed} of {counted(len(verdict.findings), 'objective')}.")


def _figure(finding: Finding, value: float | None) -> str:
    if value is None:
        return "?"
    if finding.check in _SHARES:
        return f"{value:.2%}"
    return f"{value:.0f} s" if finding.check == "freshness" else f"{value:.0f}"
