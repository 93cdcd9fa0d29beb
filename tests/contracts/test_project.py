"""The project file: where it is found, what it says, and what is told of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import SettingError
from contracts.naming import Naming
from contracts.project import KEYS, find_project, project_of, read_project, with_project
from registry.topics import TopicNames

NAME = 'name = "shop"\n'


def written(folder: Path, text: str = NAME) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ugc.toml").write_text(text, encoding="utf-8")
    return folder / "ugc.toml"


def test_all_names_follow_from_the_projects(tmp_path: Path) -> None:
    variables = read_project(written(tmp_path)).variables
    assert variables == {
        "CONTRACTS_DIR": str(tmp_path / "contracts"),
        "KAFKA_TOPIC": "shop.events",
        "KAFKA_GROUP_ID": "shop-etl",
        "CLICKHOUSE_DATABASE": "shop",
        "SCHEMA_SUBJECT_NAMESPACE": "shop.events",
        "REDIS_KEY_PREFIX": "shop:",
    }
    assert Naming.from_env(variables).database == "shop"
    assert TopicNames.from_env(variables).rejected == "shop.events.rejected"


def test_each_key_goes_before_what_follows_from_the_name(tmp_path: Path) -> None:
    text = """
        name = "shop"
        contracts = "../schemas"
        owner = "web"
        topic_prefix = "eu.shop"
        consumer_group = "loaders"
        database = "events"
        subject_namespace = "com.example.shop"
        redis_prefix = "s:"
    """
    assert read_project(written(tmp_path / "here", text)).variables == {
        "CONTRACTS_DIR": str(tmp_path / "schemas"),
        "CONTRACTS_OWNER": "web",
        "KAFKA_TOPIC": "eu.shop.events",
        "KAFKA_GROUP_ID": "loaders",
        "CLICKHOUSE_DATABASE": "events",
        "SCHEMA_SUBJECT_NAMESPACE": "com.example.shop",
        "REDIS_KEY_PREFIX": "s:",
    }


def test_without_a_name_only_the_folder_of_contracts_is_said(tmp_path: Path) -> None:
    assert read_project(written(tmp_path, "")).variables.keys() == {"CONTRACTS_DIR"}


def test_it_is_found_upwards_to_the_top_of_the_work_tree(tmp_path: Path) -> None:
    path = written(tmp_path / "shop")
    deep = tmp_path / "shop" / "a" / "b"
    deep.mkdir(parents=True)
    assert find_project({}, deep) == path
    (tmp_path / "shop" / "a" / ".git").mkdir()
    assert find_project({}, deep) is None
    nearer = written(tmp_path / "shop" / "a")
    assert find_project({}, deep) == nearer


def test_the_variable_names_another_one(tmp_path: Path) -> None:
    written(tmp_path / "here")
    other = written(tmp_path / "other")
    for named in (other, other.parent):
        assert find_project({"UGC_PROJECT": str(named)}, tmp_path / "here") == other
    with pytest.raises(SettingError, match=r"^UGC_PROJECT must be the path of a ugc\.toml"):
        find_project({"UGC_PROJECT": str(tmp_path)}, tmp_path / "here")


def test_the_environment_goes_before_it_and_an_empty_variable_does_not(tmp_path: Path) -> None:
    path = written(tmp_path)
    env = {"UGC_PROJECT": str(path), "KAFKA_TOPIC": "mine", "CLICKHOUSE_DATABASE": " "}
    found = with_project(env)
    assert (found["KAFKA_TOPIC"], found["CLICKHOUSE_DATABASE"]) == ("mine", "shop")


def test_without_a_file_the_environment_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert project_of({}, tmp_path) is None


@pytest.mark.parametrize(("text", "key", "told"), [
    ('nmae = "shop"', "nmae", "written name"),
    ('colour = "red"', "colour", "left out"),
    ('[kafka]\ntopic = "a"', "kafka", "left out"),
    ('name = "Shop"', "name", "a small letter"),
    ('name = "system"', "name", "a small letter"),
    ("name = 1", "name", "a text in quotes"),
    ('contracts = ""', "contracts", "the path of a folder"),
    ('topic_prefix = "a b"', "topic_prefix", "beginning of topics' names"),
    ('consumer_group = "a b"', "consumer_group", "a group's name"),
    ('database = "a-b"', "database", "a database's name"),
    ('subject_namespace = "a-b"', "subject_namespace", "a namespace like"),
    ('redis_prefix = "{a}"', "redis_prefix", "the beginning of keys"),
    ('owner = "The Team"', "owner", "a team's name"),
])  # fmt: skip
def test_a_mistake_is_one_line_with_file_key_and_what_is_right(
    tmp_path: Path, text: str, key: str, told: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SettingError) as refused:
        read_project(path)
    said = str(refused.value)
    assert said.startswith(f"{path}: {key} must be ")
    assert told in said
    assert "\n" not in said


@pytest.mark.parametrize("content", [b"name = ", b"\xff\xfe", b'name = "a"\nname = "b"'])
def test_a_file_that_is_no_toml_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ugc.toml"
    path.write_bytes(content)
    with pytest.raises(SettingError, match="must be TOML"):
        read_project(path)


def test_the_docs_name_every_key() -> None:
    page = (Path(__file__).parents[2] / "docs" / "own-project.md").read_text(encoding="utf-8")
    for key, meaning in KEYS.items():
        assert f"| `{key}` | `{meaning.variable}` |" in page
