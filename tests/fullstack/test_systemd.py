"""The units of ``deploy/systemd``, read by systemd."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fullstack.cache import program

pytestmark = pytest.mark.full

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))


def verified(folder: Path, change: tuple[str, str] | None = None) -> str:
    """What ``systemd-analyze verify`` says of the units, with a program that is there."""
    for unit in UNITS:
        text = unit.read_text().replace("/opt/ugc/bin/ugc", "/bin/true")
        assert change is None or change[0] in text
        (folder / unit.name).write_text(text.replace(*change) if change else text)
    done = subprocess.run(
        [program("systemd-analyze"), "verify", *(folder / unit.name for unit in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def test_systemd_finds_nothing_to_mend(tmp_path: Path) -> None:
    assert len(UNITS) == 3
    assert verified(tmp_path) == ""


def test_a_misspelt_key_is_found(tmp_path: Path) -> None:
    assert "RestrictNamespace" in verified(tmp_path, ("RestrictNamespaces=", "RestrictNamespace="))


def test_the_units_may_do_little(tmp_path: Path) -> None:
    """systemd's own score, from 0 (nothing is open) to 10."""
    for unit in UNITS:
        done = subprocess.run(
            [program("systemd-analyze"), "security", "--offline=true", "--threshold=25", unit],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-200:]
