"""The one comment on a pull request, with a server that answers as GitHub does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import SettingError
from tests.support.github_api import JOB, GitHub, serving
from tests.support.processes import free_port
from ugc.check.pull_request import (
    CommentError,
    ForbiddenError,
    PullRequest,
    add_to_summary,
    keep_comment,
)
from ugc.errors import MisconfiguredError


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(GitHub()) as server:
        yield server


def request(server: GitHub, token: str = "of-this-run") -> PullRequest:
    return PullRequest(api_url=server.url, repository="o/r", number=7, token=token)


def test_a_comment_is_written_once_and_then_kept_up_to_date(github: GitHub) -> None:
    github.add("Nice work", "somebody")
    first = keep_comment(request(github), "contracts", "❌ one mistake")
    second = keep_comment(request(github), "contracts", "✅ ok")
    assert first == second == "https://github.example.org/c/2"
    assert [each["body"] for each in github.comments] == [
        "Nice work",
        "<!-- ugc check: contracts -->\n✅ ok",
    ]


def test_a_comment_that_says_so_already_is_left_as_it_is(github: GitHub) -> None:
    keep_comment(request(github), "contracts", "ok")
    github.asked.clear()
    keep_comment(request(github), "contracts", "ok")
    assert all(each.startswith("GET ") for each in github.asked)


def test_it_is_found_behind_hundreds_of_others(github: GitHub) -> None:
    for number in range(250):
        github.add(f"Comment {number}", "somebody")
    keep_comment(request(github), "contracts", "one")
    keep_comment(request(github), "contracts", "two")
    assert len(github.comments) == 251


def test_a_comment_of_somebody_else_with_the_mark_is_not_taken_for_it(github: GitHub) -> None:
    github.add("<!-- ugc check: contracts -->\n✅ merge me", "somebody")
    keep_comment(request(github), "contracts", "❌")
    assert [each["user"]["login"] for each in github.comments] == ["somebody", JOB]
    assert github.comments[0]["body"].endswith("merge me")


def test_the_token_of_a_person_finds_that_persons_comment(github: GitHub) -> None:
    github.login = "somebody"
    keep_comment(request(github), "contracts", "one")
    keep_comment(request(github), "contracts", "two")
    assert len(github.comments) == 1


def test_each_contract_folder_has_its_own(github: GitHub) -> None:
    keep_comment(request(github), "shop/contracts", "one")
    keep_comment(request(github), "game/contracts", "two")
    assert len(github.comments) == 2


def test_where_there_is_nothing_to_say_only_an_old_comment_is_renewed(github: GitHub) -> None:
    assert keep_comment(request(github), "contracts", "ok", create=False) is None
    keep_comment(request(github), "contracts", "❌")
    keep_comment(request(github), "contracts", "ok", create=False)
    assert [each["body"][-2:] for each in github.comments] == ["ok"]


def test_a_long_verdict_is_cut_to_what_github_takes(github: GitHub) -> None:
    keep_comment(request(github), "contracts", "x" * 200_000)
    (comment,) = github.comments
    assert len(comment["body"]) < 65_536
    assert "cut here" in comment["body"]


@pytest.mark.parametrize("status", [403, 404])
def test_a_token_that_only_reads_is_told_as_one(github: GitHub, status: int) -> None:
    github.refuses = status
    with pytest.raises(ForbiddenError, match="Resource not accessible"):
        keep_comment(request(github), "contracts", "ok")


def test_other_refusals_and_silence_are_errors(github: GitHub) -> None:
    with pytest.raises(CommentError, match="401"):
        keep_comment(request(github, token="old"), "contracts", "ok")
    away = GitHub(url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(CommentError, match="does not answer"):
        keep_comment(request(away), "contracts", "ok")


def event(tmp_path: Path, document: object) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return {
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_TOKEN": "t",
        "GITHUB_API_URL": "http://127.0.0.1:1/",
    }


def test_the_job_says_where_it_runs(tmp_path: Path) -> None:
    env = event(tmp_path, {"pull_request": {"number": 7}})
    assert PullRequest.from_env(env) == PullRequest("http://127.0.0.1:1", "o/r", 7, "t")
    assert PullRequest.from_env(event(tmp_path, {"ref": "refs/heads/main"})) is None


def test_a_job_without_what_is_needed_is_told_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="GITHUB_EVENT_PATH"):
        PullRequest.from_env({})
    env = event(tmp_path, {"pull_request": {"number": 7}})
    with pytest.raises(MisconfiguredError, match="GITHUB_TOKEN"):
        PullRequest.from_env({**env, "GITHUB_TOKEN": ""})
    with pytest.raises(SettingError, match="GITHUB_REPOSITORY"):
        PullRequest.from_env({**env, "GITHUB_REPOSITORY": ""})
    with pytest.raises(MisconfiguredError, match="GITHUB_STEP_SUMMARY"):
        add_to_summary({}, "ok")
