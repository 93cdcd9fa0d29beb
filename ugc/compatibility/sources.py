"""Contracts as they lie in a folder, or as they were in a git commit."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from contracts.model.loader import load_catalog, parse_json
from ugc.compatibility.snapshot import Snapshot
from ugc.errors import UgcError

_PARTS = ("events", "envelopes", "shared", "context")
_VERSIONS = ("events/*/v*.json", "envelopes/*/v*.json", "shared/*/v*.json", "context/v*.json")


class SourceError(UgcError):
    """The contracts to compare with cannot be had; the text says why."""


def from_folder(folder: Path) -> Snapshot:
    """The contracts in a folder.

    Raises:
        ContractError: a file breaks the dialect, or lies where none belongs.
    """
    catalog = load_catalog(folder)
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
            it: what was merged there since is no change of this branch.
        folder: the contracts as they shall be, inside the git work tree.

    Raises:
        SourceError: it is neither, or git has no contracts there.
        ContractError: a file there breaks the dialect.
    """
    if is_folder(reference):
        return from_folder(Path(reference))
    commit = _git(folder, "rev-parse", "--verify", "--end-of-options", f"{reference}^{{commit}}")
    left_at = _git(folder, "merge-base", commit.strip().decode(), "HEAD").strip().decode()
    top = Path(_git(folder, "rev-parse", "--show-toplevel").strip().decode())
    inside = _git(folder, "rev-parse", "--show-prefix").strip().decode().rstrip("/")
    with tempfile.TemporaryDirectory(prefix="contracts-") as copy:
        for path, content in _files_at(top, f"{left_at}:{inside}"):
            target = Path(copy) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return from_folder(Path(copy))


def _files_at(top: Path, tree: str) -> Iterator[tuple[str, bytes]]:
    """Path and content of each contract file in a tree of git, to the letter.

    Not by ``git archive``: that leaves out and changes what ``.gitattributes`` tells it to.
    """
    for line in _git(top, "ls-tree", "-r", "-z", tree, *_PARTS).split(b"\0")[:-1]:
        kind, _, path = line.decode().partition("\t")
        mode, _, name = kind.split()
        if not mode.startswith("100"):
            raise SourceError(f"{path} at {tree} is no file of its own")
        yield path, _git(top, "cat-file", "blob", name)


def default_reference(folder: Path) -> str:
    """The main branch: the server's, where there is one, or one's own."""
    known = _git(folder, "for-each-ref", "--format=%(refname:short)", "refs/remotes", "refs/heads")
    return "origin/main" if b"origin/main" in known.split() else "main"


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
        raise SourceError(f"git {arguments[0]}: {said}") from error
