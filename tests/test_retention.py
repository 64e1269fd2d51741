"""Checks are let go of after `keep_checks`: what was reckoned of them stays, whatever comes later."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from assets.uptime import retention, roll_up, service_quarter
from expectations.intake import FeedOutcome
from pipelines import service_hours
from tests.site import HOUR, Site
from tests.test_check_log import MAKASSAR, MAX_HOLD_S, Check, as_csv, feed
from warehouse import reference
from warehouse.registry import Feed, Service

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = START + 1000 * DAY
KEPT = 100 * DAY


def keeping(max_hold_s: int = MAX_HOLD_S, services: tuple[Service, ...] = ()) -> Feed:
    return replace(feed(max_hold_s=max_hold_s, services=services), keep_checks_s=int(KEPT.total_seconds()))


class Home(Site):
    """A site whose checks come in, and whose settings change, when the test says."""

    def run(self, its_feed: Feed, now: datetime, checks: Sequence[Check] = ()) -> tuple[FeedOutcome, list[tuple[str, int]]]:
        self.feed, self.now = its_feed, now
        if checks:
            self.archive.store(its_feed.id, "checks.csv", as_csv(checks), now)
        outcome = self.take_in(self.archive.artifacts(its_feed.id))
        done = self.roll_up()
        with self.warehouse.open_for_writing() as connection:
            roll_up.judge(connection, its_feed, done)
            let_go = retention.let_go(connection, its_feed)
            self.lake.remove_unlisted(connection)
        return outcome, let_go


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, feed())


def history(days: int, services: str = "ab") -> list[Check]:
    """Four checks a day; every tenth day begins with six hours down, and from day 35 to day 36 one outage goes over midnight."""
    made = []
    for service in services:
        for number in range(days * 4):
            down = number % 40 == 0 or 143 <= number <= 146
            made.append(Check(service, START + number * 6 * HOUR, "down" if down else "up", None if down else number))
    return made


LEVELS = "from uptime.service_day order by all"
OUTAGES = "from uptime.outage order by all"
LISTED = "select day from meta.lake_partition order by day"


def test_old_files_go_with_a_note_and_their_days_stay(home: Home) -> None:
    outcome, let_go = home.run(keeping(), START + 90 * DAY, history(90))
    assert (outcome.rejected, let_go) == (0, [])
    days, outages = home.query(LEVELS), home.query(OUTAGES)
    _, let_go = home.run(keeping(), START + 140 * DAY + HOUR, [Check(service, START + 140 * DAY, "up", 5) for service in "ab"])
    assert len(let_go) == 40
    assert sum(rows for _, rows in let_go) == 40 * 8 - 2  # the first local day begins at 16:00 UTC, before the first checks
    assert not any((home.lake.root / file).exists() for file, _ in let_go)
    assert home.query(LISTED)[0] == ((START + 40 * DAY).date(),)
    assert home.query("select count(*), sum(rows)::bigint, min(kept_from) = max(deleted_at) - interval 100 day from meta.lake_deletion") == [(40, 318, True)]
    ended = date(2026, 4, 1)  # the newest day went on
    assert {row for row in days if row[4] != ended} <= set(home.query(LEVELS))
    assert set(outages) <= set(home.query(OUTAGES))


def test_other_settings_reckon_what_is_kept_and_leave_the_rest(home: Home) -> None:
    home.run(keeping(), START + 90 * DAY, history(90))
    home.run(keeping(), START + 140 * DAY + HOUR, [Check(service, START + 140 * DAY, "up", 5) for service in "ab"])
    days, outages = home.query(LEVELS), home.query(OUTAGES)
    home.run(keeping(max_hold_s=3600), START + 140 * DAY + HOUR)
    closed = (START + 40 * DAY).date()
    found = home.query(LEVELS)
    position = [column[0] for column in home.query("describe uptime.service_day")].index("day")
    assert [row for row in found if row[position] < closed] == [row for row in days if row[position] < closed]
    assert len(found) == len(days)
    assert home.query(f"select distinct up_s + down_s from uptime.service_day where checks > 0 and day > date '{closed}' and day < date '2026-03-30'") == [
        (14400,)
    ]
    assert len(home.query(OUTAGES)) == len(outages)
    home.run(keeping(), START + 140 * DAY + HOUR)
    assert (home.query(LEVELS), home.query(OUTAGES)) == (days, outages)


def test_a_service_of_another_zone_keeps_the_day_of_which_half_was_let_go(home: Home) -> None:
    abroad = (Service("b", "b", government="98"),)
    with home.warehouse.open_for_writing() as connection:
        reference.load(connection, (MAKASSAR, replace(MAKASSAR, code="98", timezone="Europe/Berlin")))
    home.run(keeping(services=abroad), START + 90 * DAY, history(90))
    home.run(keeping(services=abroad), START + 140 * DAY + HOUR, [Check(service, START + 140 * DAY, "up", 5) for service in "ab"])
    days = home.query(LEVELS)
    home.run(keeping(services=(*abroad, Service("a", "a", objective=0.5))), START + 140 * DAY + HOUR)
    assert home.query(LEVELS) == days


def test_checks_of_days_that_are_closed_are_set_aside_and_say_why(home: Home) -> None:
    home.run(keeping(), START + 90 * DAY, history(90))
    home.run(keeping(), START + 140 * DAY + HOUR, [Check(service, START + 140 * DAY, "up", 5) for service in "ab"])
    days = home.query(LEVELS)
    outcome, _ = home.run(keeping(), START + 141 * DAY, [Check("a", START + 3 * DAY + HOUR, "down"), Check("a", START + 140 * DAY, "up", 5)])
    assert (outcome.added, outcome.updated, outcome.rejected) == (0, 0, 1)
    assert home.query("select result.rule_id from quality.failed_row inner join quality.expectation_result as result using (result_id)") == [
        ("check.still_kept",)
    ]
    assert home.query(LEVELS) == days


def test_without_the_key_all_is_kept(home: Home) -> None:
    home.run(feed(), START + 90 * DAY, history(90))
    _, let_go = home.run(feed(), START + 999 * DAY, [Check("a", START + 999 * DAY - HOUR, "up", 5)])
    assert (let_go, home.query("from meta.lake_deletion")) == ([], [])


def test_files_read_anew_from_the_archive_change_no_day_that_is_closed(home: Home) -> None:
    home.run(keeping(), START + 90 * DAY, history(90))
    _, let_go = home.run(keeping(), START + 140 * DAY + HOUR, [Check(service, START + 140 * DAY, "up", 5) for service in "ab"])
    days, outages = home.query(LEVELS), home.query(OUTAGES)
    stricter = replace(keeping(), hosts=(".go.id",))  # another suite: every file is judged and promoted again
    _, again = home.run(stricter, START + 140 * DAY + HOUR)
    assert [file for file, _ in again] == [file for file, _ in let_go]
    assert (home.query(LEVELS), home.query(OUTAGES)) == (days, outages)


def test_a_quarter_whose_checks_are_gone_says_what_it_said(home: Home) -> None:
    its_feed = replace(keeping(), incident_after=1)
    home.run(its_feed, START + 90 * DAY, history(90))

    def quarter(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
        service_quarter.reckon(connection, "2026-Q1", NOW)
        return connection.execute("from uptime.service_quarter where period = '2026-Q1' order by all").fetchall()

    with home.warehouse.open_for_writing() as connection:
        before = quarter(connection)
    home.run(its_feed, START + 320 * DAY + HOUR, [Check(service, START + 320 * DAY, "up", 5) for service in "ab"])
    assert home.query(LISTED) == [((START + 320 * DAY).date(),)]
    for changed in (
        its_feed,
        replace(its_feed, objective=0.5, flapping_s=86_400),
        replace(its_feed, hours=service_hours.parse("Mon-Fri 08:00-16:00")),
        replace(its_feed, services=(Service("a", "another"),)),
    ):
        home.run(changed, START + 321 * DAY + HOUR)
        with home.warehouse.open_for_writing() as connection:
            assert quarter(connection) == before


def test_a_quarter_of_which_some_days_are_closed_is_the_sum_of_its_days_whatever_the_hours_are_now(home: Home) -> None:
    home.run(keeping(), START + 90 * DAY, history(90))
    home.run(keeping(), START + 140 * DAY + HOUR, [Check(service, START + 140 * DAY, "up", 5) for service in "ab"])
    home.run(replace(keeping(), hours=service_hours.parse("Mon-Fri 08:00-16:00")), START + 141 * DAY + HOUR)
    with home.warehouse.open_for_writing() as connection:
        service_quarter.reckon(connection, "2026-Q1", NOW)
    columns = ("up_s", "down_s", "unknown_s", "maintenance_s", "off_hours_s")
    sums = ", ".join(f"sum({column})" for column in columns)
    days = home.query(f"select service_id, {sums} from uptime.service_day where day between '2026-01-01' and '2026-03-31' group by all order by all")
    assert home.query(f"select service_id, {', '.join(columns)} from uptime.service_quarter order by all") == days
    assert 0 < days[0][5] < 41 * 16 * 3600 + 90 * 86_400
