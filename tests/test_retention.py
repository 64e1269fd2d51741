"""Checks are let go of after `keep_checks`: what was reckoned of them stays, whatever comes later."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from assets.uptime import check_log, retention, roll_up, service_quarter
from expectations.intake import Arrival, FeedOutcome, take_in
from tests.test_check_log import HOUR, MAKASSAR, MAX_HOLD_S, as_csv, feed
from tests.test_check_log import Check as Made
from warehouse import reference
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.lake import Lake
from warehouse.registry import Feed, Service

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT = 100 * DAY


def keeping(max_hold_s: int = MAX_HOLD_S, services: tuple[Service, ...] = ()) -> Feed:
    return replace(feed(max_hold_s=max_hold_s, services=services), keep_checks_s=int(KEPT.total_seconds()))


class Home:
    """An installation of one feed, whose files arrive when they say."""

    def __init__(self, root: Path) -> None:
        self.warehouse, self.archive, self.lake = Warehouse(root / "warehouse.duckdb"), Archive(root / "archive"), Lake(root / "lake")
        with self.warehouse.open_for_writing() as connection:
            reference.load(connection, (MAKASSAR,))

    def run(self, its_feed: Feed, now: datetime, checks: Sequence[Made] = ()) -> tuple[FeedOutcome, list[tuple[str, int]]]:
        if checks:
            self.archive.store(its_feed.id, "checks.csv", as_csv(checks), now)
        present = self.archive.artifacts(its_feed.id)
        outcome = take_in(self.warehouse, self.archive, its_feed, check_log.reader(its_feed, self.lake), Arrival(present), "run", lambda: now, lambda _: None)
        with self.warehouse.open_for_writing() as connection:
            done = roll_up.roll_up(connection, self.lake, its_feed)
            roll_up.judge(connection, its_feed, done)
            let_go = retention.let_go(connection, its_feed)
            self.lake.remove_unlisted(connection)
        return outcome, let_go

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.warehouse.open_for_reading() as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def history(days: int, services: str = "ab") -> list[Made]:
    """Four checks a day; every tenth day begins with six hours down, and from day 35 to day 36 one outage goes over midnight."""
    made = []
    for service in services:
        for number in range(days * 4):
            down = number % 40 == 0 or 143 <= number <= 146
            made.append(Made(service, START + number * 6 * HOUR, "down" if down else "up", None if down else number))
    return made


LEVELS = "from uptime.service_day order by all"
OUTAGES = "from uptime.outage order by all"
LISTED = "select day from meta.lake_partition order by day"


def test_old_files_go_with_a_note_and_their_days_stay(home: Home) -> None:
    outcome, let_go = home.run(keeping(), START + 90 * DAY, history(90))
    assert (outcome.rejected, let_go) == (0, [])
    days, outages = home.rows(LEVELS), home.rows(OUTAGES)
    _, let_go = home.run(keeping(), START + 140 * DAY + HOUR, [Made(service, START + 140 * DAY, "up", 5) for service in "ab"])
    assert len(let_go) == 40
    assert sum(rows for _, rows in let_go) == 40 * 8 - 2  # the first local day begins at 16:00 UTC, before the first checks
    assert not any((home.lake.root / file).exists() for file, _ in let_go)
    assert home.rows(LISTED)[0] == ((START + 40 * DAY).date(),)
    assert home.rows("select count(*), sum(rows)::bigint, min(kept_from) = max(deleted_at) - interval 100 day from meta.lake_deletion") == [(40, 318, True)]
    ended = date(2026, 4, 1)  # the newest day went on
    assert {row for row in days if row[4] != ended} <= set(home.rows(LEVELS))
    assert set(outages) <= set(home.rows(OUTAGES))


def test_other_settings_reckon_what_is_kept_and_leave_the_rest(home: Home) -> None:
    home.run(keeping(), START + 90 * DAY, history(90))
    home.run(keeping(), START + 140 * DAY + HOUR, [Made(service, START + 140 * DAY, "up", 5) for service in "ab"])
    days, outages = home.rows(LEVELS), home.rows(OUTAGES)
    home.run(keeping(max_hold_s=3600), START + 140 * DAY + HOUR)
    closed = (START + 40 * DAY).date()
    found = home.rows(LEVELS)
    position = [column[0] for column in home.rows("describe uptime.service_day")].index("day")
    assert [row for row in found if row[position] < closed] == [row for row in days if row[position] < closed]
    assert len(found) == len(days)
    assert home.rows(f"select distinct up_s + down_s from uptime.service_day where checks > 0 and day > date '{closed}' and day < date '2026-03-30'") == [
        (14400,)
    ]
    assert len(home.rows(OUTAGES)) == len(outages)
    home.run(keeping(), START + 140 * DAY + HOUR)
    assert (home.rows(LEVELS), home.rows(OUTAGES)) == (days, outages)


def test_a_service_of_another_zone_keeps_the_day_of_which_half_was_let_go(home: Home) -> None:
    abroad = (Service("b", "b", government="98"),)
    with home.warehouse.open_for_writing() as connection:
        reference.load(connection, (MAKASSAR, replace(MAKASSAR, code="98", timezone="Europe/Berlin")))
    home.run(keeping(services=abroad), START + 90 * DAY, history(90))
    home.run(keeping(services=abroad), START + 140 * DAY + HOUR, [Made(service, START + 140 * DAY, "up", 5) for service in "ab"])
    days = home.rows(LEVELS)
    home.run(keeping(services=(*abroad, Service("a", "a", objective=0.5))), START + 140 * DAY + HOUR)
    assert home.rows(LEVELS) == days


def test_checks_of_days_that_are_closed_are_set_aside_and_say_why(home: Home) -> None:
    home.run(keeping(), START + 90 * DAY, history(90))
    home.run(keeping(), START + 140 * DAY + HOUR, [Made(service, START + 140 * DAY, "up", 5) for service in "ab"])
    days = home.rows(LEVELS)
    outcome, _ = home.run(keeping(), START + 141 * DAY, [Made("a", START + 3 * DAY + HOUR, "down"), Made("a", START + 140 * DAY, "up", 5)])
    assert (outcome.added, outcome.updated, outcome.rejected) == (0, 0, 1)
    assert home.rows("select result.rule_id from quality.failed_row inner join quality.expectation_result as result using (result_id)") == [
        ("check.still_kept",)
    ]
    assert home.rows(LEVELS) == days


def test_without_the_key_all_is_kept(home: Home) -> None:
    home.run(feed(), START + 90 * DAY, history(90))
    _, let_go = home.run(feed(), START + 999 * DAY, [Made("a", START + 999 * DAY - HOUR, "up", 5)])
    assert (let_go, home.rows("from meta.lake_deletion")) == ([], [])


def test_files_read_anew_from_the_archive_change_no_day_that_is_closed(home: Home) -> None:
    home.run(keeping(), START + 90 * DAY, history(90))
    _, let_go = home.run(keeping(), START + 140 * DAY + HOUR, [Made(service, START + 140 * DAY, "up", 5) for service in "ab"])
    days, outages = home.rows(LEVELS), home.rows(OUTAGES)
    stricter = replace(keeping(), hosts=(".go.id",))  # another suite: every file is judged and promoted again
    _, again = home.run(stricter, START + 140 * DAY + HOUR)
    assert [file for file, _ in again] == [file for file, _ in let_go]
    assert (home.rows(LEVELS), home.rows(OUTAGES)) == (days, outages)


def test_a_quarter_whose_checks_are_gone_says_what_it_said(home: Home) -> None:
    its_feed = replace(keeping(), incident_after=1)
    home.run(its_feed, START + 90 * DAY, history(90))

    def quarter(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
        service_quarter.reckon(connection, "2026-Q1")
        return connection.execute("from uptime.service_quarter where period = '2026-Q1' order by all").fetchall()

    with home.warehouse.open_for_writing() as connection:
        before = quarter(connection)
    home.run(its_feed, START + 320 * DAY + HOUR, [Made(service, START + 320 * DAY, "up", 5) for service in "ab"])
    assert home.rows(LISTED) == [((START + 320 * DAY).date(),)]
    with home.warehouse.open_for_writing() as connection:
        after = quarter(connection)
    assert [row[1:9] for row in after] == [row[1:9] for row in before]
    assert [row[12:] for row in after] == [row[12:] for row in before]
