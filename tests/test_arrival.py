"""How files that lie somewhere are found."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from assets import arrival
from assets.arrival import recorded
from tests.test_check_log import feed
from warehouse.archive import Archive


def names(folder: Path) -> list[str]:
    return [file.name for file in recorded(folder / "*").files]


def test_files_are_found_in_the_order_in_which_people_number_them(tmp_path: Path) -> None:
    ordered = ["log.csv", "log (1).csv", "log (2).csv", "log (10).csv", "log_9.csv", "log_10.csv", "log_2026-09-30.csv", "log_2026-10-01.csv"]
    for name in reversed(ordered):
        (tmp_path / name).write_bytes(b"x")
    assert names(tmp_path) == ordered


@given(st.lists(st.text("0٣²a .(", min_size=1, max_size=6).map(lambda name: f"x{name}"), unique=True, max_size=8))
def test_any_names_have_an_order(found: list[str]) -> None:
    assert {path.name for path in sorted(map(Path, found), key=arrival._place)} == set(found)


def test_of_files_that_come_together_the_last_is_received_last(tmp_path: Path) -> None:
    for name in ("log (1).csv", "log.csv"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    lying = recorded(tmp_path / "*")
    its_feed = feed()
    assert its_feed.path is not None
    arrived = arrival.take(its_feed, lying, Archive(tmp_path / "archive"), lambda: datetime.now(UTC))
    assert [artifact.source_name for artifact in arrived.present] == ["log.csv", "log (1).csv"]
    assert arrived.problems == []
