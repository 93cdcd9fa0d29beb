"""No code of the first pages is only shown: each block has a test that runs it."""

from __future__ import annotations

import re

import pytest

from tests.support.readme import README, ROOT

RUN_BY = {
    README: {"bash": "tests/e2e/test_readme.py"},
    "docs/index.md": {"bash": "tests/e2e/test_readme.py", "json": "tests/e2e/test_readme.py"},
    "docs/guides/front-end.md": {"bash": "tests/e2e/test_readme.py"},
    "docs/guides/operator.md": {"bash": "tests/e2e/test_readme.py"},
    "docs/guides/analyst.md": {
        "bash": "tests/e2e/test_analyst_guide.py",
        "python": "tests/e2e/test_analyst_guide.py",
    },
    "docs/guides/contract-author.md": {
        "bash": "tests/docs/test_contract_guide.py",
        "json": "tests/e2e/test_new_event.py",
    },
    "docs/guides/cookbook.md": {"sql": "tests/docs/test_cookbook.py"},
}
"""Page → language of its blocks → the test that runs them or holds them against what is printed."""

PRINTED = ""
"""The language of what a command prints."""


def test_every_guide_is_run() -> None:
    guides = {f"docs/guides/{path.name}" for path in (ROOT / "docs/guides").glob("*.md")}
    assert set(RUN_BY) == {README, "docs/index.md", *guides}


@pytest.mark.parametrize("page", RUN_BY)
def test_every_block_of_a_page_has_a_test(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    languages = set(re.findall(r"^```(.*)\n(?:.*\n)*?```$", text, re.MULTILINE))
    assert languages - {PRINTED} == set(RUN_BY[page])
    for test in RUN_BY[page].values():
        held = (ROOT / test).read_text(encoding="utf-8")
        assert page in held or page == README
