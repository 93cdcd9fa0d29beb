"""What the pages for contributors name exists: files, make targets, commands, words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from ugc.cli import ugc

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
    ROOT / ".github/pull_request_template.md",
    *sorted((ROOT / "docs/decisions").glob("*.md")),
]
CODE = re.compile(r"`([^`\n]+)`")
HOOKS = ROOT / ".pre-commit-config.yaml"
WORDS = (
    "component",
    "reconciled totals",
    "dead letter",
    "sequence number",
    "skipped number",
    "gap",
    "start event, end event",
    "session state",
    "partition assignment",
    "commit metadata",
    "watermark",
    "expired",
    "producer",
    "rejection",
    "in-flight batch",
    "single flight",
    "compatibility check",
    "lossless mode",
    "median",
)
"""The field's words that the code uses in a meaning of its own."""


def named(page: Path) -> Iterator[str]:
    yield from CODE.findall(page.read_text(encoding="utf-8"))


def paths(page: Path) -> Iterator[str]:
    """What looks like a file or folder of the tree; with ``<…>`` it is a pattern."""
    for text in named(page):
        path = text.split("::")[0]
        if re.fullmatch(r"[\w.<>-]+(/[\w.<>-]*)+|[\w.-]+\.(md|py|toml|yml|yaml)", path):
            yield path


def exists(path: str, page: Path) -> bool:
    pattern = re.sub(r"<\w+>", "*", path.rstrip("/"))
    return any(any(folder.glob(pattern)) for folder in (ROOT, page.parent))


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def is_command(words: list[str]) -> bool:
    """Whether ``ugc`` has the subcommands and, behind them, the options that are named."""
    command: click.Command = ugc
    context = click.Context(ugc)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return False
        command, words = found, words[1:]
    options = {name for parameter in command.params for name in parameter.opts}
    return {word.split("=")[0] for word in words if word.startswith("--")} <= {*options, "--help"}


def test_what_is_looked_for_is_found() -> None:
    assert "contracts/evolution/rules.py" in set(paths(PAGES[0]))
    assert not exists("contracts/evolution/no_rules.py", PAGES[0])
    assert not is_command(["registry", "unlock"])
    assert not is_command(["registry", "lock", "--force"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_exists(page: Path) -> None:
    assert [path for path in paths(page) if not exists(path, page)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_page(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_and_command_exists(page: Path) -> None:
    for text in named(page):
        first, *words = text.split()
        if first == "make" and words:
            assert words[0] in make_targets(), text
        elif first == "ugc" and words:
            assert is_command(words), text
        elif first.startswith(".venv/bin/"):
            assert [word for word in words if "/" in word and not (ROOT / word).exists()] == []


def test_every_level_of_tests_has_the_counts_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    page = PAGES[0].read_text(encoding="utf-8")
    for target in ("test-full", "test-long"):
        recipe = makefile.split(f"\n{target}:")[1].split("\n.PHONY")[0]
        counts = [f"{int(count):,}" for count in re.findall(r"_EXAMPLES=(\d+)", recipe)]
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `make {target}`")]
        assert row.endswith(f"| {'; '.join(counts)} |")


def test_the_index_of_decisions_has_each_of_them() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", index) == [page.name for page in DECISIONS]
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_a_decision_has_a_context_and_consequences(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    title = text.splitlines()[0].removeprefix(f"# {page.name[:4]}. ")
    assert f"({page.name}) {title}" in (page.parent / "README.md").read_text(encoding="utf-8")


def test_the_glossary_explains_each_word_once() -> None:
    text = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines()[6:]]
    terms = [re.sub(r" \(\w+\)$", "", row) for row in rows]
    assert terms == sorted(set(terms))
    assert set(WORDS) <= set(terms)


def test_the_hooks_run_what_is_there_and_fetch_nothing() -> None:
    hooks = yaml.safe_load(HOOKS.read_text())
    assert [repository["repo"] for repository in hooks["repos"]] == ["local"]
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        program, *words = hook["entry"].split()
        assert program in {".venv/bin/ruff", ".venv/bin/ugc"}
        assert program.endswith("ruff") or is_command(words)


@pytest.mark.parametrize("name", ["bug.md", "event.md"])
def test_a_template_of_issues_has_what_github_asks_for(name: str) -> None:
    _, head, text = (ROOT / ".github/ISSUE_TEMPLATE" / name).read_text().split("---\n", 2)
    assert json.dumps(sorted(yaml.safe_load(head))) == '["about", "labels", "name"]'
    assert text.strip()
