"""A stale file names the command that writes it, and the command writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.golden import Golden


def test_a_stale_file_names_the_command_and_shows_the_difference(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    with pytest.raises(AssertionError, match=r"a\.txt is stale; run: make generate\n(.|\n)*\+2"):
        Golden(tmp_path).file("a.txt", "one\n2\n")
    assert (tmp_path / "a.txt").read_text() == "one\ntwo\n"


def test_a_file_that_is_not_there_names_it_too(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="run: make generate"):
        Golden(tmp_path)("new/a.txt", "one\n")


def test_a_file_that_nothing_makes_names_it_too(tmp_path: Path) -> None:
    Golden(tmp_path, writes=True)("kind/a.txt", "one\n")
    Golden(tmp_path).nothing_but("kind", ["kind/a.txt"])
    with pytest.raises(AssertionError, match=r"kind/a\.txt (.|\n)*run: make generate"):
        Golden(tmp_path).nothing_but("kind", [])


def test_generating_writes_what_is_stale_and_takes_away_what_nothing_makes(tmp_path: Path) -> None:
    write, hold = Golden(tmp_path, writes=True), Golden(tmp_path)
    write("kind/a.txt", "one\n")
    write("kind/b.txt", "one\n")
    write("kind/a.txt", "two\n")
    hold("kind/a.txt", "two\n")
    write.nothing_but("kind", ["kind/a.txt"])
    hold.nothing_but("kind", ["kind/a.txt"])


def test_the_variable_decides() -> None:
    assert not Golden.from_env({}).writes
    assert Golden.from_env({"UPDATE_GOLDEN": "1"}).writes


def test_whoever_takes_the_fixture_is_marked(
    golden: Golden, request: pytest.FixtureRequest
) -> None:
    assert request.node.get_closest_marker("generated") is not None
