"""What a job on GitHub leaves on its pull request: one comment, and the job's summary.

The comment is found again by a mark in its first line, and by its author, who is whoever the token
belongs to: anybody may write the mark.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from contracts.settings import Settings
from ugc.errors import MisconfiguredError, UgcError

_TIMEOUT_SECONDS = 20.0
_PER_PAGE = 100
_MOST_PAGES = 30
_JOB = "github-actions[bot]"
"""Who a job's own token writes as; it may not ask for its own name."""

_COMMENT_CHARACTERS = 65_000
_SUMMARY_BYTES = 1_000_000
_CUT = "\n\n… cut here: `ugc check` in the branch prints all of it.\n"


class CommentError(UgcError):
    """The comment could not be written; the text says why. The verdict stands without it."""


class ForbiddenError(CommentError):
    """The token only reads, as that of a pull request from a fork does."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Where a job runs: ``repository`` is ``owner/name``, ``api_url`` is without a slash behind."""

    api_url: str
    repository: str
    number: int
    token: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> PullRequest | None:
        """By the variables of a GitHub job; ``None`` for one that runs on no pull request.

        Raises:
            MisconfiguredError: GITHUB_TOKEN is not set, or the event cannot be read.
            SettingError: another variable has no usable value.
        """
        settings = Settings(env)
        event = settings.file("GITHUB_EVENT_PATH")
        if event is None:
            raise MisconfiguredError(
                "--comment is for jobs on GitHub: GITHUB_EVENT_PATH is not set"
            )
        try:
            number = json.loads(event.read_text(encoding="utf-8"))["pull_request"]["number"]
        except KeyError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise MisconfiguredError(f"{event} holds no event of GitHub: {error}") from error
        token = settings.optional("GITHUB_TOKEN")
        if token is None:
            raise MisconfiguredError("--comment needs GITHUB_TOKEN: ${{ github.token }}")
        return cls(
            api_url=settings.text("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
            repository=settings.required("GITHUB_REPOSITORY", "owner/name"),
            number=int(number),
            token=token,
        )


def keep_comment(where: PullRequest, mark: str, body: str, *, create: bool = True) -> str | None:
    """Writes the one comment anew, or a first one; gives its address.

    Args:
        where: the pull request.
        mark: tells this comment from others of the same author, such as another folder's.
        body: Markdown.
        create: whether to write a first one; without, ``None`` may come back.

    Raises:
        ForbiddenError: the token may not write comments.
        CommentError: GitHub does not answer, or refuses.
    """
    first_line = f"<!-- ugc check: {mark.replace('-->', '')} -->"
    whole = f"{first_line}\n{_shortened(body, _COMMENT_CHARACTERS)}"
    issue = f"/repos/{where.repository}/issues/{where.number}/comments"
    with _client(where) as client:
        found = _own_comment(client, issue, first_line)
        if found is None:
            return _asked(client, "POST", issue, whole)["html_url"] if create else None
        if found["body"] == whole:
            return str(found["html_url"])
        path = f"/repos/{where.repository}/issues/comments/{found['id']}"
        return str(_asked(client, "PATCH", path, whole)["html_url"])


def add_to_summary(env: Mapping[str, str], markdown: str) -> None:
    """Adds to the page that GitHub shows of the job.

    Raises:
        MisconfiguredError: GITHUB_STEP_SUMMARY is not set, or cannot be written.
    """
    path = Settings(env).path("GITHUB_STEP_SUMMARY")
    if path is None:
        raise MisconfiguredError("--summary is for jobs on GitHub: GITHUB_STEP_SUMMARY is not set")
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(_shortened(markdown, _SUMMARY_BYTES // 4))
    except OSError as error:
        raise MisconfiguredError(f"{path} cannot be written: {error.strerror}") from error


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - len(_CUT)] + _CUT


def _client(where: PullRequest) -> httpx2.Client:
    return httpx2.Client(
        base_url=where.api_url,
        timeout=_TIMEOUT_SECONDS,
        headers={
            "Authorization": f"Bearer {where.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "ugc-check",
        },
    )


def _own_comment(client: httpx2.Client, issue: str, first_line: str) -> Mapping[str, Any] | None:
    author = _login(client)
    for page in range(1, _MOST_PAGES + 1):
        comments = _asked(client, "GET", f"{issue}?per_page={_PER_PAGE}&page={page}")
        for comment in comments:
            own = (comment.get("user") or {}).get("login") == author
            if own and str(comment.get("body", "")).startswith(first_line):
                return dict(comment)
        if len(comments) < _PER_PAGE:
            return None
    return None


def _login(client: httpx2.Client) -> str:
    try:
        return str(_asked(client, "GET", "/user")["login"])
    except ForbiddenError:
        return _JOB


def _asked(client: httpx2.Client, method: str, path: str, body: str | None = None) -> Any:
    try:
        answer = client.request(method, path, json=None if body is None else {"body": body})
    except httpx2.HTTPError as error:
        raise CommentError(f"GitHub does not answer: {error}") from error
    if answer.status_code in (httpx2.codes.FORBIDDEN, httpx2.codes.NOT_FOUND):
        raise ForbiddenError(f"GitHub answered {answer.status_code}: {answer.text[:200]}")
    if not answer.is_success:
        raise CommentError(f"GitHub answered {answer.status_code}: {answer.text[:200]}")
    try:
        return answer.json()
    except ValueError as error:
        raise CommentError(f"GitHub answered something else than JSON to {method}") from error
