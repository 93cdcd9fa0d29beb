"""Names of database, namespace and keys, out of variables."""

from __future__ import annotations

import pytest

from contracts.errors import SettingError
from contracts.naming import Naming


def test_without_variables_it_is_what_the_docs_say() -> None:
    assert Naming.from_env({}) == Naming(database="ugc", namespace="ugc.events", key_prefix="")


@pytest.mark.parametrize(("url", "database"), [
    ("clickhouse://u:p@a:9000,b:9000/shop", "shop"), ("http://h:8123/shop/", "shop"),
    ("chdb:///folder?database=shop", "shop"), ("chdb:///shop", "ugc"), ("http://h:8123", "ugc"),
    ("http://h/default", "ugc"), ("http://h/a/b", "ugc"), ("http://[", "ugc"), ("", "ugc"),
])  # fmt: skip
def test_the_database_is_that_of_the_url_where_it_names_one(url: str, database: str) -> None:
    assert Naming.from_env({"CLICKHOUSE_URL": url}).database == database


def test_the_variable_goes_before_the_url() -> None:
    env = {"CLICKHOUSE_URL": "http://h/ugc", "CLICKHOUSE_DATABASE": "shop"}
    assert Naming.from_env(env).database == "shop"


@pytest.mark.parametrize(("variable", "wrong"), [
    *(("CLICKHOUSE_DATABASE", each) for each in ("1a", "a-b", "a.b", "a`b", "é", "System")),
    *(("SCHEMA_SUBJECT_NAMESPACE", each) for each in (".a", "a.", "a..b", "a-b", "1", "é")),
    *(("REDIS_KEY_PREFIX", each) for each in ("a b", "{a}", "'a", "é")),
    ("CLICKHOUSE_DATABASE", "a" * 64), ("SCHEMA_SUBJECT_NAMESPACE", "a" * 200),
    ("REDIS_KEY_PREFIX", "a" * 65),
])  # fmt: skip
def test_what_no_part_could_take_is_told_with_the_variable(variable: str, wrong: str) -> None:
    with pytest.raises(SettingError, match=f"^{variable} must be ") as refused:
        Naming.from_env({variable: wrong})
    assert wrong not in str(refused.value).removeprefix(f"{variable} must be ") or len(wrong) < 3
