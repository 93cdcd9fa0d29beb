"""What ``ugc registry sync``, ``save``, ``restore`` and ``lock`` do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from contracts.model.loader import load_catalog
from contracts.naming import Naming
from contracts.visible import counted
from registry.backup import backup_text, missing_subjects, put_back, read_backup
from registry.client import connect
from registry.errors import BackupError
from registry.lock import differences, lock_of, lock_path, lock_text, read_lock
from registry.options import RegistryOptions
from registry.sync import State, apply, plan, survey
from registry.topics import TopicNames
from ugc.errors import UgcError

Say = Callable[[str], object]


class DriftError(UgcError):
    """The registry has what no contract explains."""


class BackupFileError(UgcError):
    """A backup's file cannot be read or written, or is none."""


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


def save_registry(url: str, env: Mapping[str, str], file: Path, say: Say) -> None:
    """Writes what the registry has of this project, with ids, into a file.

    Raises:
        BackupFileError: the file cannot be written.
        RegistryError: the registry gives no usable answer.
    """
    options, topic = RegistryOptions.from_env(env), TopicNames.from_env(env).events
    with closing(connect(url, options)) as registry:
        state = survey(registry, options.strategy, topic, Naming.from_env(env).namespace)
    whole = file.with_name(f".{file.name}.new")
    try:
        # A file that is there stays whole until the new one is.
        whole.write_text(backup_text(state), encoding="utf-8")
        whole.replace(file)
    except OSError as error:
        raise BackupFileError(f"{file} cannot be written: {error.strerror}") from error
    say(f"{file}: {_amount(state)}")


def restore_registry(
    url: str, env: Mapping[str, str], file: Path, *, dry_run: bool, say: Say
) -> None:
    """Puts back, with their ids, the subjects of a file that the registry lacks.

    Raises:
        BackupFileError: the file cannot be read.
        BackupError: it is malformed, or does not fit beside what is there; nothing was done.
        RegistryError: the registry refuses, or gives no usable answer.
    """
    options, topic = RegistryOptions.from_env(env), TopicNames.from_env(env).events
    try:
        kept = read_backup(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BackupFileError(f"{file} cannot be read: {error.strerror}") from error
    except (BackupError, UnicodeDecodeError) as error:
        raise BackupFileError(f"{file} cannot be used: {error}") from error
    with closing(connect(url, options)) as registry:
        has = survey(registry, options.strategy, topic, Naming.from_env(env).namespace)
        for subject in missing_subjects(registry, kept, has):
            count = counted(len(kept[subject].versions), "version")
            say(f"{'would put back' if dry_run else 'put back'} {subject}, {count}")
            if not dry_run:
                put_back(registry, kept, (subject,))
    were = counted(len(kept.keys() & has.keys()), "subject")
    say(f"{_amount(kept)} in the file; {were} of them there before")


def _amount(state: State) -> str:
    versions = sum(len(subject.versions) for subject in state.values())
    return f"{counted(len(state), 'subject')}, {counted(versions, 'version')}"


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
