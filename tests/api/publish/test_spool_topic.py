"""A spool's folder belongs to one topic, as long as anything in it waits or is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.publish.spool import slots
from api.publish.spool.topic import claim
from api.publishing import check_spool
from contracts.errors import SettingError


def test_a_folder_is_claimed_again_and_again_for_its_topic(tmp_path: Path) -> None:
    for _ in range(3):
        assert claim(tmp_path / "spool", "shop.events") is None


def test_one_in_which_events_wait_is_given_to_no_other_topic(tmp_path: Path) -> None:
    claim(tmp_path, "shop.events")
    slot = slots.take(tmp_path)
    (slot.folder / "0000000001.spool").write_bytes(b"x")
    slot.release()
    assert claim(tmp_path, "magazine.events") == "shop.events"
    assert claim(tmp_path, "shop.events") is None


def test_one_that_a_living_worker_owns_is_given_to_no_other_topic(tmp_path: Path) -> None:
    claim(tmp_path, "shop.events")
    slot = slots.take(tmp_path)
    assert claim(tmp_path, "magazine.events") == "shop.events"
    slot.release()
    assert claim(tmp_path, "magazine.events") is None
    assert claim(tmp_path, "magazine.events") is None


def test_the_start_is_refused_with_both_topics(tmp_path: Path) -> None:
    check_spool(tmp_path, "shop.events")
    slot = slots.take(tmp_path)
    told = "SPOOL_DIR must be a folder for magazine.events alone; .* is for shop.events"
    with pytest.raises(SettingError, match=told):
        check_spool(tmp_path, "magazine.events")
    slot.release()
