"""Contracts as they lie in a folder, or as they were in a git commit."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from contracts.model.loader import Catalog, parse_json
from contracts.settings import Settings
from ugc.compatibility.snapshot import Snapshot
from ugc.errors import MisconfiguredError
from ugc.wiring import own_catalog

_PARTS = ("events", "envelopes", "shared", "context", "applications.json")
_VERSIONS = ("events/*/v*.json", "envelopes/*/v*.json", "shared/*/v*.json", "context/v*.json")
_CONTRACT = re.compile(rb"(?:(.*)/)?events/[a-z][a-z0-9_]*/v[1-9][0-9]*\.json")

_BASE_BRANCHES = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
"""Where GitHub and GitLab tell a job into which branch the change shall be merged."""

_USUAL = ("origin/main", "origin/master", "main", "master")


class SourceError(MisconfiguredError):
    """The contracts to compare with cannot be had; the text says why, and what to give."""


def from_folder(folder: Path) -> Snapshot:
    """The contracts in a folder.

    Raises:
        ContractError: a file breaks the dialect, or lies where none belongs.
    """
    catalog = own_catalog(folder)
    return Snapshot(
        catalog,
        {
            path.relative_to(folder).as_posix(): parse_json(path.read_text(encoding="utf-8"))
            for pattern in _VERSIONS
            for path in sorted(folder.glob(pattern))
        },
    )


def is_folder(reference: str) -> bool:
    """Whether a folder is meant: it begins as no reference of git does."""
    return reference.startswith(("/", "./", "../"))


def from_reference(reference: str, folder: Path) -> Snapshot:
    """The contracts that changes in ``folder`` are compared with.

    Args:
        reference: a git reference, or another folder of contracts, which begins with ``/``, ``./``
            or ``../`` as no reference does: a branch must not lay a folder ``main`` beside itself
            to be compared with. Of a reference the commit counts at which the current branch left
            it: what was merged there since is no change of this branch. A commit without
            contracts counts as one in which none was merged, unless they lay in a folder that is
            gone.
        folder: the contracts as they shall be, inside the git work tree.

    Raises:
        SourceError: it is neither, or git has no contracts there.
        ContractError: a file there breaks the dialect.
    """
    if is_folder(reference):
        return from_folder(Path(reference))
    files = files_of(reference, folder, *_PARTS)
    if not files:
        return Snapshot(Catalog({}, {}), {})
    with tempfile.TemporaryDirectory(prefix="contracts-") as copy:
        for path, content in files.items():
            target = Path(copy) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return from_folder(Path(copy))


def files_of(reference: str, folder: Path, *parts: str) -> Mapping[str, bytes]:
    """Path below the contract folder → content, as :func:`from_reference` compares with.

    Args:
        reference: as there.
        folder: as there.
        parts: sub-folders whose files are wanted, such as ``examples``.

    Raises:
        SourceError: as there.
    """
    if is_folder(reference):
        root = Path(reference)
        found = (path for part in parts for path in sorted((root / part).rglob("*.json")))
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}
    left_at = _left_at(reference, folder)
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip().decode())
    inside = _git(folder, "rev-parse", "--show-prefix").strip().rstrip(b"/")
    names = _git(top, "ls-tree", "-r", "-z", "--name-only", left_at).split(b"\0")
    holders = {found[1] or b"" for found in map(_CONTRACT.fullmatch, names) if found}
    if inside not in holders:
        if not all((top / each.decode() / "events").is_dir() for each in holders):
            raise SourceError(
                f"{reference} has no contracts in {inside.decode() or 'its top folder'}, but in"
                f" {', '.join(sorted(each.decode() or 'its top folder' for each in holders))}; if"
                " they were moved, check the old place out beside and give it: --against ../FOLDER"
            )
        return {}
    return dict(_files_at(top, f"{left_at}:{inside.decode()}", parts))


def _left_at(reference: str, folder: Path) -> str:
    """The commit at which the current branch left ``reference``."""
    try:
        known = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{reference}^{{commit}}")
    except SourceError as error:
        raise SourceError(f"{error}; {_branches(folder)}") from error
    try:
        return _git(folder, "merge-base", known.strip().decode(), "HEAD").strip().decode()
    except SourceError as error:
        if _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true":
            raise SourceError(
                f"this clone ends before it reaches {reference}: fetch the whole history"
                " (git fetch --unshallow; actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0)"
            ) from error
        raise SourceError(f"{reference} and this branch have no commit in common") from error


def _files_at(top: Path, tree: str, parts: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Path and content of each contract file in a tree of git, to the letter.

    Not by ``git archive``: that leaves out and changes what ``.gitattributes`` tells it to.
    """
    for line in _git(top, "ls-tree", "-r", "-z", tree, *parts).split(b"\0")[:-1]:
        kind, _, path = line.decode().partition("\t")
        mode, _, name = kind.split()
        if not mode.startswith("100"):
            raise SourceError(f"{path} at {tree} is no file of its own")
        yield path, _git(top, "cat-file", "blob", name)


def default_reference(folder: Path, env: Mapping[str, str] | None = None) -> str:
    """The branch that a change is merged into.

    What the job of a pull or merge request is told; else the server's default branch, else the one
    of a usual name, the server's before one's own.

    Raises:
        SourceError: there is none of them; the text says what to give.
    """
    for name in _BASE_BRANCHES:
        if branch := Settings(env or {}).optional(name):
            return f"origin/{branch}"
    listing = _git(
        folder, "for-each-ref", "--format=%(refname) %(symref)", "refs/remotes", "refs/heads"
    )
    known = dict(line.split(" ", 1) for line in listing.decode().splitlines())
    if default := known.get("refs/remotes/origin/HEAD"):
        return default.removeprefix("refs/remotes/")
    short = {name.split("/", 2)[2] for name in known}
    if found := next((name for name in _USUAL if name in short), None):
        return found
    if not known:
        raise SourceError("nothing is committed here to compare with: git commit first")
    raise SourceError(f"no branch to compare with is known (git); {_branches(folder)}")


def _branches(folder: Path) -> str:
    """What to give, and what there is."""
    names = _git(folder, "for-each-ref", "--format=%(refname:short)", "refs/remotes", "refs/heads")
    here = ", ".join(names.decode().split()) or "none"
    return f"give a branch or a folder of contracts: --against REF (branches here: {here})"


def require_same_repository(here: Path, folder: Path) -> None:
    """Refuses contracts that lie in another git repository than the work that is judged.

    Raises:
        SourceError: ``here`` is in no repository, or not in the one of ``folder``.
    """
    tops = [_git(each, "rev-parse", "--show-toplevel") for each in (here, folder)]
    if tops[0] != tops[1]:
        raise SourceError(
            f"{folder} does not belong to the repository around {here};"
            " name its contracts with --contracts"
        )


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git that the person uses
            check=True,
            capture_output=True,
        ).stdout
    except FileNotFoundError as error:
        raise SourceError("git is not installed; compare with a folder instead") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        if "not a git repository" in said:
            raise SourceError(
                f"{folder} is in no git repository, so what it was before is not known: git init"
                " and commit first, or compare with a folder of contracts (--against ../FOLDER)"
            ) from error
        raise SourceError(f"git {arguments[0]}: {said}") from error
