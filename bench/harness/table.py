"""A run as Markdown, between the markers of ``docs/performance.md``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.harness.figures import Figure, figure_of, ratio
from bench.harness.goals import judged
from bench.harness.results import Case, Results

_COLUMNS = {
    "events_per_s": ("/s", "{:,.0f}"),
    "cpu_us": ("CPU µs", "{:,.1f}"),
    "seconds": ("s", "{:,.2f}"),
    "cpu_s": ("CPU s", "{:,.2f}"),
    "p50_ms": ("p50 ms", "{:,.1f}"),
    "p95_ms": ("p95 ms", "{:,.0f}"),
    "p99_ms": ("p99 ms", "{:,.1f}"),
    "p999_ms": ("p99.9 ms", "{:,.1f}"),
    "memory_mb": ("MB", "{:,.0f}"),
}
_GROUPS = {
    "api": ("API", ("events_per_s", "cpu_us", "p50_ms", "p99_ms", "p999_ms", "memory_mb")),
    "loader": ("Loader", ("events_per_s", "cpu_us", "p95_ms", "memory_mb")),
    "contracts": ("Many contracts", ("cpu_us", "seconds", "cpu_s", "memory_mb")),
}
_HISTORY = ("api/single-64", "api/single-known-64", "api/batch-4", "loader/mixed", "loader/clicks")


class NoMarkersError(Exception):
    """The page has no place for what is rendered."""


def between(page: str, name: str, text: str) -> str:
    """The page with ``text`` between its markers ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        NoMarkersError: it has none.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        raise NoMarkersError(f"the page has no {begin.strip()} and {end}")
    return f"{head}{begin}{text.rstrip()}\n{end}{tail}"


def render(runs: Sequence[Results]) -> str:
    """The newest run whole, and the older ones beside it. Of at least one run."""
    newest = runs[-1]
    blocks = [_about(newest), _goals(newest)]
    for group in _GROUPS:
        cases = [case for case in newest.cases if case.group == group]
        if cases:
            blocks += [_table(newest, group, cases), _ratios(newest, cases)]
    blocks += [_answers(newest), _history(runs)]
    return "\n\n".join(block for block in blocks if block)


def _about(run: Results) -> str:
    machine = ", ".join(run.machine[key] for key in ("processor", "memory", "kernel"))
    versions = ", ".join(f"{name} {number}" for name, number in run.versions.items())
    about = [
        f"Commit `{run.commit}`, {run.taken[:10]}; {machine}; Python {run.machine['python']}, "
        f"{versions}. {_rounds(run)}; what stands behind ± is half of the distance between the "
        "extremes."
    ]
    about += [f"**{note}**" for note in run.notes]
    return "\n\n".join(about)


def _rounds(run: Results) -> str:
    most = max((len(case.samples) for case in run.cases), default=0)
    kind = "a quick run, medians" if run.is_quick else "Medians"
    return f"{kind} of {most} rounds"


def _goals(run: Results) -> str:
    rows = []
    for goal, value in judged(run):
        told = "not measured" if value is None else f"{value:,.4g}"
        reached = "" if value is None else ("yes" if goal.is_reached(value) else "**no**")
        rows.append([f"`{goal.case}`", goal.text, told, reached])
    return "### Goals\n\n" + markdown(["case", "goal", "measured", "reached"], rows)


def _table(run: Results, group: str, cases: Sequence[Case]) -> str:
    title, metrics = _GROUPS[group]
    head = ["case", "", *(_COLUMNS[metric][0] for metric in metrics)]
    extra = {"api": "spooled", "loader": "Redis µs"}.get(group, "")
    rows = []
    for case in cases:
        shown = [_shown(figure_of(case, metric), _COLUMNS[metric][1]) for metric in metrics]
        rows.append([f"`{case.name}`", case.title, *shown, _extra(case)])
    return f"### {title}\n\n" + markdown([*head, extra], rows)


def _extra(case: Case) -> str:
    if (spooled := figure_of(case, "spool_share")) is not None:
        return f"{spooled.value:.1%}"
    if (redis := figure_of(case, "redis_us")) is not None:
        return f"{redis.value:.1f}"
    return ""


def _shown(figure: Figure | None, form: str) -> str:
    if figure is None:
        return ""
    return f"{form.format(figure.value)} ± {form.format(figure.spread)}"


def _ratios(run: Results, cases: Sequence[Case]) -> str:
    """How many times more per second, and in brackets how many times less CPU."""
    ours = [case for case in cases if case.against]
    names = list(dict.fromkeys(name for case in ours for name in case.against))
    rows = []
    for case in ours:
        cells = [_against(case, run.case(name) if name in case.against else None) for name in names]
        rows.append([f"`{case.name}`", *cells])
    if not rows:
        return ""
    note = "Times as many per second (times less CPU) as:"
    return f"{note}\n\n" + markdown(["", *(f"`{name}`" for name in names)], rows)


def _against(case: Case, baseline: Case | None) -> str:
    if baseline is None:
        return ""
    speed = ratio(case, baseline, "events_per_s")
    cpu = ratio(case, baseline, "cpu_us") or ratio(case, baseline, "cpu_s")
    told = "" if speed is None else f"{speed.figure.value:.2f} ± {speed.figure.spread:.2f} "
    return f"{told}({'' if cpu is None else f'{cpu.figure.value:.2f}'})"


def _answers(run: Results) -> str:
    """Answers other than those that take an event, which alone are counted above."""
    rows = [
        [f"`{case.name}`", ", ".join(f"{status}: {n:,}" for status, n in sorted(other.items()))]
        for case in run.cases
        if (other := {k: n for k, n in case.answers.items() if k not in {"202", "207"}})
    ]
    if not rows:
        return "Every request of every case was answered with 202, every batch with 207."
    return "Answers that were neither 202 nor 207:\n\n" + markdown(["case", "answers"], rows)


def _history(runs: Sequence[Results]) -> str:
    """Against the same baselines, so that another machine matters little."""
    rows = []
    for run in reversed(runs):
        cells = []
        for name in _HISTORY:
            case = run.case(name)
            base = run.case("api/quick-rsgi" if name.startswith("api/") else "loader/fastavro")
            found = None if case is None or base is None else ratio(case, base, "events_per_s")
            cells.append("" if found is None else f"{found.figure.value:.2f}")
        kind = "quick" if run.is_quick else "full"
        label = "; ".join([kind, *run.notes])
        rows.append([run.taken[:10], f"`{run.commit}`", *cells, label])
    head = ["run", "commit", *(f"`{name}`" for name in _HISTORY), ""]
    note = "API cases against `api/quick-rsgi`, loader cases against `loader/fastavro`, per second:"
    return f"### All runs\n\n{note}\n\n" + markdown(head, rows)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; numbers to the right."""
    body = [list(row) for row in rows]
    right = [
        all(not row[place] or row[place][0].isdigit() for row in body) and bool(body)
        for place in range(len(head))
    ]
    rule = ["---:" if each else "---" for each in right]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(head), rule, *body])
