"""Rules of one's own at the command line: from a file, and from a package that is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.errors import SettingError
from tests.support.contract_folder import CLICK, copy_of_contracts
from tests.support.golden import ROOT
from ugc.contracts.command import command

RULES = """
from contracts.lint.company import Remark

def no_clicks(contract):
    if contract.event == "element_click":
        yield Remark("/title", "is a click", "count something else")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_of_contracts(tmp_path)


def run(folder: Path, rules: str, *arguments: str) -> Result:
    env = {"CONTRACTS_DIR": str(folder), "CONTRACTS_RULES": rules, "COLUMNS": "200"}
    return CliRunner().invoke(command, ["lint", *arguments], env=env, catch_exceptions=False)


def rule_file(folder: Path, text: str = RULES + 'RULES = {"no-clicks": no_clicks}\n') -> str:
    path = folder.parent / "rules.py"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github"])
def test_findings_stand_beside_ours_in_every_format(folder: Path, form: str) -> None:
    done = run(folder, rule_file(folder), "--format", form)
    assert done.exit_code == 1
    assert "no-clicks" in done.output
    assert "is a click; count something else" in done.output
    if form == "json":
        (found,) = json.loads(done.output)["findings"]
        assert (found["code"], found["pointer"]) == ("no-clicks", "/title")
        assert found["path"] == str(folder / CLICK)
        assert found["line"] > 1
    if form == "github":
        assert f"::error file={folder / CLICK},line=" in done.output


def test_a_file_that_is_not_there_is_a_wrong_setting(folder: Path) -> None:
    with pytest.raises(SettingError, match="CONTRACTS_RULES must be paths of files"):
        run(folder, f"{rule_file(folder)},{folder}/none.py")


def test_the_project_file_names_them_too(folder: Path) -> None:
    rule_file(folder)
    (folder.parent / "ugc.toml").write_text('rules = "rules.py"\n')
    env = {"CONTRACTS_DIR": str(folder), "UGC_PROJECT": str(folder.parent), "COLUMNS": "200"}
    done = CliRunner().invoke(command, ["lint"], env=env, catch_exceptions=False)
    assert done.exit_code == 1
    assert "no-clicks" in done.output


def test_several_files_are_separated_by_commas(folder: Path) -> None:
    other = folder.parent / "other.py"
    other.write_text(RULES + 'RULES = {"no-clicks-at-all": no_clicks}\n')
    done = run(folder, f"{rule_file(folder)}, {other}")
    assert "no-clicks " in done.output
    assert "no-clicks-at-all " in done.output


def test_the_rules_in_the_documentation_work(folder: Path) -> None:
    (text,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/contract-language.md").read_text(), re.DOTALL
    )
    path = folder / CLICK
    document = json.loads(path.read_text())
    document["properties"]["price"] = document["properties"]["page_type"]
    path.write_text(json.dumps(document, indent=2))
    done = run(folder, rule_file(folder, text))
    assert "error price-has-currency /properties/price: has no currency" in done.output


def install(folder: Path, target: str) -> Path:
    """A folder as an installer leaves it: a module, and the metadata that names its rule."""
    site = folder.parent / "site"
    (site / "shop_rules-1.0.dist-info").mkdir(parents=True)
    (site / "shop_rules.py").write_text(RULES)
    metadata = "Metadata-Version: 2.1\nName: shop-rules\nVersion: 1.0\n"
    (site / "shop_rules-1.0.dist-info/METADATA").write_text(metadata)
    points = f"[ugc_events.lint]\nno-clicks = {target}\n"
    (site / "shop_rules-1.0.dist-info/entry_points.txt").write_text(points)
    return site


def lint_with(site: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ugc", "contracts", "lint", "--contracts", str(folder)],
        env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_rule_of_an_installed_package_is_asked(folder: Path) -> None:
    done = lint_with(install(folder, "shop_rules:no_clicks"), folder)
    assert done.returncode == 1, done.stderr
    assert "error no-clicks /title: is a click; count something else" in done.stdout


def test_an_installed_rule_that_is_not_there_is_told_by_its_name(folder: Path) -> None:
    done = lint_with(install(folder, "shop_rules:no_click"), folder)
    assert done.returncode == 1, done.stderr
    assert "error rule-failed" in done.stdout
    assert "the rule no-clicks (shop_rules:no_click) cannot be loaded" in done.stdout
