"""What ``ugc registry sync`` and ``lock`` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from contracts.model.loader import load_catalog
from contracts.naming import Naming
from contracts.visible import counted
from registry.client import connect
from registry.lock import differences, lock_of, lock_path, lock_text, read_lock
from registry.options import RegistryOptions
from registry.sync import apply, plan, survey
from registry.topics import TopicNames
from ugc.errors import UgcError

Say = Callable[[str], object]


class DriftError(UgcError):
    """The registry has what no contract explains."""


class LockDiffersError(UgcError):
    """The lock file says something else than the contracts."""


def sync_registry(
    url: str, env: Mapping[str, str], folder: Path, *, dry_run: bool, say: Say
) -> None:
    """Updates the registry to the contracts in ``folder``; says each step before it.

    Raises:
        DriftError: after all steps, when the registry has what no contract explains.
        RegistryError: the registry refuses, or gives no usable answer.
    """
    options, topic = RegistryOptions.from_env(env), TopicNames.from_env(env).events
    naming = Naming.from_env(env)
    catalog = load_catalog(folder, naming)
    with closing(connect(url, options)) as registry:
        state = survey(registry, options.strategy, topic, naming.namespace)
        found = plan(catalog, state, options.strategy, topic)
        for action in found.actions:
            say(f"would {action}" if dry_run else str(action))
            if not dry_run:
                apply(registry, (action,))
    for drift in found.drift:
        say(f"drift: {drift}")
    if not found.actions and not found.drift:
        say(f"the registry has all {len(list(catalog))} contract versions; nothing to do")
    if found.drift:
        things = counted(len(found.drift), "thing")
        raise DriftError(f"the registry has {things} that no contract explains")


def write_lock(folder: Path, naming: Naming, say: Say) -> None:
    """Writes the lock file of the contracts in ``folder``; says what changed.

    Raises:
        LockDiffersError: the file cannot be written.
    """
    path, wanted = lock_path(folder), lock_of(load_catalog(folder, naming))
    # A file that is malformed is what this command repairs.
    before = path.read_bytes() if path.is_file() else b""
    text = lock_text(wanted)
    if before == text.encode():
        say(f"{path} is right already")
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise LockDiffersError(f"{path} cannot be written: {error.strerror}") from error
    say(f"{path}: {counted(len(wanted.contracts), 'contract version')}")


def check_lock(folder: Path, naming: Naming, say: Say) -> None:
    """Compares the lock file with the contracts in ``folder``.

    Raises:
        LockDiffersError: they differ, or there is no lock file.
        LockError: the file is malformed.
    """
    path = lock_path(folder)
    found = differences(read_lock(path), lock_of(load_catalog(folder, naming)))
    for each in found:
        say(each)
    if found:
        raise LockDiffersError(f"{path} is out of date; `ugc registry lock` writes it anew")
    say(f"{path} is right")
