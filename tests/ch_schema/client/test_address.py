"""ClickHouse URLs, and which client each one leads to."""

from __future__ import annotations

import pytest

from ch_schema.client.address import Address, Host, parse_address
from ch_schema.client.connect import connect
from ch_schema.errors import AddressError


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (
            "clickhouse://localhost",
            Address(scheme="clickhouse", hosts=(Host("localhost", 9000),)),
        ),
        (
            "clickhouse://ugc:p%40ss%3A%2F@a,b:9001,[::1]:9002/events"
            "?connect_timeout=1&send_receive_timeout=2.5",
            Address(
                scheme="clickhouse",
                hosts=(Host("a", 9000), Host("b", 9001), Host("::1", 9002)),
                user="ugc",
                password="p@ss:/",
                database="events",
                connect_timeout_seconds=1.0,
                send_receive_timeout_seconds=2.5,
            ),
        ),
        (
            "clickhouses://db/ugc?ca_certs=/etc/ca.pem",
            Address(
                scheme="clickhouses",
                hosts=(Host("db", 9440),),
                database="ugc",
                ca_certs="/etc/ca.pem",
            ),
        ),
        ("http://db/", Address(scheme="http", hosts=(Host("db", 8123),))),
        ("https://u@db", Address(scheme="https", hosts=(Host("db", 8443),), user="u")),
        (
            "chdb:///var/lib/a%20b?database=ugc",
            Address(scheme="chdb", folder="/var/lib/a b", database="ugc"),
        ),
    ],
)
def test_read(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("", "begins with one of"),
        ("localhost:9000", "begins with one of"),
        ("postgres://secret@db", "begins with one of"),
        ("clickhouse://", "no host"),
        ("clickhouse://a,,b", "no host"),
        ("clickhouse://u:secret@:9000", "no host"),
        ("clickhouse://u:secret@db:port", "host or host:port"),
        ("clickhouse://u:secret@db:99999", "host or host:port"),
        ("clickhouse://u:secret@[db", "cannot be read"),
        ("clickhouse://u:secret#1@db", "%23"),
        ("clickhouse://u:secret@db/a/b", "one database"),
        ("clickhouse://u:secret@db?connect_timeout=0", "connect_timeout"),
        ("clickhouse://u:secret@db?connect_timeout=soon", "connect_timeout"),
        ("clickhouse://u:secret@db?send_receive_timeout=inf", "send_receive_timeout"),
        ("clickhouse://u:secret@db?compress=1", "unknown in a ClickHouse URL: compress"),
        ("http://u:secret@a,b", "one host"),
        ("https://u:secret@a?ca_certs=/no/such/file", "ca_certs"),
        ("chdb://relative/path", "absolute"),
        ("chdb:///", "absolute"),
        ("chdb:///a%3Fb", "absolute"),
        ("chdb:///a?connect_timeout=1", "unknown"),
    ],
)
def test_refused_without_showing_a_password(url: str, word: str) -> None:
    with pytest.raises(AddressError, match=word) as refused:
        connect(url)
    shown = f"{refused.value!r} {refused.value.__cause__!r}"
    assert "secret" not in shown


@pytest.mark.parametrize(
    "url", ["clickhouse://u:secret@a,b:1/d", "clickhouses://u:secret@a/d", "http://u:secret@a/d"]
)
def test_connecting_needs_no_server_and_shows_no_password(url: str) -> None:
    client = connect(url)
    assert "secret" not in repr(client)
    assert "u@a:" in repr(client)
    client.close()


def test_texts_hold_no_password() -> None:
    address = parse_address("clickhouse://u:secret@a,[::1]:5/d")
    assert str(address) == "clickhouse://u@a:9000,[::1]:5/d"
    assert "secret" not in repr(address)
    assert str(parse_address("chdb:///a/b")) == "chdb:///a/b"
