"""What lies in ``deploy/`` says what the code says: the chart, systemd's units, a release."""

from __future__ import annotations

import configparser
import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from deploy.release import misfits, notes
from tests.project.test_compose import parse, string_constants

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "ugc-events"
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def unit(path: Path) -> configparser.SectionProxy:
    """The section ``[Service]``."""
    # systemd takes a key several times; none of ours does.
    parsed = configparser.ConfigParser(interpolation=None, strict=True)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(path.read_text())
    return parsed["Service"]


def test_the_chart_has_the_version_of_the_code() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_the_chart_has_the_alerts() -> None:
    assert (CHART / "files/alerts.yml").read_bytes() == (ROOT / "deploy/alerts.yml").read_bytes()


def test_every_variable_in_the_chart_is_one_that_the_code_reads() -> None:
    texts = [(CHART / "values.yaml").read_text()]
    texts += [path.read_text() for path in (CHART / "ci").iterdir()]
    named = {name for text in texts for name in re.findall(r"^ +([A-Z][A-Z_]{3,}):", text, re.M)}
    assert "KAFKA_BOOTSTRAP_SERVERS" in named
    assert named <= string_constants()


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_starts_a_command_that_there_is(path: Path) -> None:
    program, *arguments = unit(path)["ExecStart"].split()
    assert program == "/opt/ugc/bin/ugc"
    assert parse(arguments)[0].callback is not None


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_sets_variables_that_the_code_reads(path: Path) -> None:
    names = {pair.split("=")[0] for pair in unit(path).get("Environment", "").split()}
    assert names <= string_constants()


@pytest.mark.parametrize("path", [p for p in UNITS if "init" not in p.stem], ids=lambda p: p.stem)
def test_a_wrong_setting_is_not_tried_again(path: Path) -> None:
    assert {"2", "78"} <= set(unit(path)["RestartPreventExitStatus"].split())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the files that name the version."""
    for name in ("pyproject.toml", "deploy/helm/ugc-events/Chart.yaml", "CHANGELOG.md"):
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    return tmp_path


def released(project: Path) -> None:
    path = project / "CHANGELOG.md"
    text = path.read_text().replace(
        "## [Unreleased]", f"## [Unreleased]\n\n## [{VERSION}] - 2026-11-29\n\n- One thing.", 1
    )
    path.write_text(text.split("- One thing.")[0] + "- One thing.\n\n## [0.0.1]\n\n- Older.\n")


def test_a_tag_fits_when_every_file_says_its_version(project: Path) -> None:
    released(project)
    assert misfits(f"v{VERSION}", project) == []
    assert notes(VERSION, project) == "- One thing."


def test_each_file_that_says_another_version_is_named(project: Path) -> None:
    found = misfits("v9.9.9", project)
    assert [line.split(" ")[0].rstrip(",") for line in found] == [
        "pyproject.toml",
        "deploy/helm/ugc-events/Chart.yaml",
        "deploy/helm/ugc-events/Chart.yaml",
        "CHANGELOG.md",
    ]


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3-rc1", "release", "v1.2.3\n"])
def test_a_tag_that_is_no_version_is_refused(tag: str) -> None:
    assert misfits(tag) == [f"the tag is {tag!r}, not v and three numbers, such as v1.2.3"]
