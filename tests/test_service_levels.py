"""Service levels by a feed's settings: announced maintenance. Everything is reckoned a second time here, minute by minute, and however checks arrive
the tables are the same."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.test_check_log import (
    HOLDS,
    HOUR,
    MAKASSAR,
    MINUTE,
    RECEIVED,
    START,
    WEEK_MINUTES,
    ZONES,
    Arrival,
    Check,
    DayRow,
    IncidentRow,
    Station,
    arrivals,
    days_of,
    emptied,
    feed,
    incidents_of,
    whole_tables,
)
from warehouse import database, migrations, reference
from warehouse.registry import Feed, MaintenanceWindow

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        reference.load(connection, (MAKASSAR,))
        yield connection


# The reckoning, by hand: minute by minute.


def announced(its_feed: Feed, service: str, moment: datetime) -> bool:
    return any(
        window.service in ("*", service) and window.announced_at < window.starts_at and window.starts_at <= moment < window.ends_at
        for window in its_feed.maintenance
    )


def by_hand(checks: Sequence[Check], its_feed: Feed) -> tuple[list[DayRow], list[IncidentRow]]:
    """Service-days and incidents of checks on whole minutes of which no two are of one service and moment."""
    cut = ZoneInfo(its_feed.government.timezone)
    hold = timedelta(seconds=its_feed.max_hold_s)
    latest = max(check.at for check in checks)
    of_service: dict[str, list[Check]] = defaultdict(list)
    for check in sorted(checks, key=lambda check: check.at):
        of_service[check.service].append(check)
    days: list[DayRow] = []
    incidents: list[IncidentRow] = []
    for service, mine in sorted(of_service.items()):
        seconds: dict[date, dict[str, int]] = {}
        moment = datetime.combine(mine[0].at.astimezone(cut), time(), cut).astimezone(UTC)
        end = datetime.combine(latest.astimezone(cut).date() + timedelta(days=1), time(), cut).astimezone(UTC)
        said: Check | None = None
        number = 0
        run: list[datetime] = []  # failed checks that a success has not followed yet
        run_began, down_s = moment, 0
        while moment < end:
            if number < len(mine) and mine[number].at == moment:
                said = mine[number]
                number += 1
            on_day = seconds.setdefault(moment.astimezone(cut).date(), dict.fromkeys(("up", "down", "unknown", "maintenance"), 0))
            speaks = said is not None and moment < min(said.at + hold, latest)
            status = said.status if said is not None and speaks else "unknown"
            out = announced(its_feed, service, moment)
            on_day["maintenance" if out else status] += 60
            if said is not None and not out and (speaks or said.at == moment == latest):
                if said.status == "down":
                    if not run:
                        run_began, down_s = moment, 0
                    run += [said.at] if said.at not in run else []
                    down_s += 60 if speaks else 0
                elif said.status == "up" and run:
                    incidents.append((service, run_began, moment, down_s, False))
                    run = []
            moment += MINUTE
        if run:
            incidents.append((service, run_began, None, down_s, True))
        for day, sums in seconds.items():
            made = [check for check in mine if check.at.astimezone(cut).date() == day]
            failed = sum(check.status == "down" for check in made)
            days.append((service, day, sums["up"], sums["down"], sums["unknown"], sums["maintenance"], len(made), failed))
    return days, sorted(incidents, key=lambda incident: incident[:2])


@st.composite
def windows(draw: st.DrawFn) -> MaintenanceWindow:
    starts_at = START + draw(st.integers(-600, WEEK_MINUTES)) * MINUTE
    return MaintenanceWindow(
        draw(st.sampled_from(("*", "a", "b", "nobody"))),
        starts_at,
        starts_at + draw(st.one_of(st.integers(1, 300), st.integers(1, 3000))) * MINUTE,
        starts_at + draw(st.sampled_from((-3000, -1, -1, -1, 0, 1))) * MINUTE,
        "",
        draw(st.integers(2, 99)),
    )


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    return replace(feed(draw(st.sampled_from(ZONES)), draw(HOLDS)), maintenance=tuple(draw(st.lists(windows(), max_size=4))))


@MANY
@given(arrival=arrivals(), its_feed=feeds())
def test_levels_are_those_reckoned_by_hand_however_checks_arrive(memory: duckdb.DuckDBPyConnection, arrival: Arrival, its_feed: Feed) -> None:
    with emptied(memory, its_feed.government.timezone) as station:
        station.promote(its_feed, arrival.checks)
        station.roll_up(its_feed)
        at_once = whole_tables(memory)
    with emptied(memory, its_feed.government.timezone) as station:
        for number, (batch, rolled) in enumerate(zip(arrival.batches, arrival.rolled, strict=True)):
            station.promote(its_feed, batch, RECEIVED + number * HOUR)
            if rolled:
                station.roll_up(its_feed)
        station.roll_up(its_feed)
        days, incidents = by_hand(arrival.checks, its_feed)
        assert days_of(memory) == days
        assert incidents_of(memory) == incidents
        assert whole_tables(memory) == at_once


# Announced maintenance.


def window(service: str, start: datetime, hours: float, announced_before_h: float = 24, row: int = 2) -> MaintenanceWindow:
    return MaintenanceWindow(service, start, start + hours * HOUR, start - announced_before_h * HOUR, "jaringan", row)


def rolled(station: Station, checks: Sequence[Check], its_feed: Feed) -> None:
    station.promote(its_feed, checks)
    station.roll_up(its_feed)


DOWN_FOR_SIX_HOURS = [
    Check("a", START, "up", 5),
    Check("a", START + 2 * HOUR, "down"),
    Check("a", START + 8 * HOUR, "up", 5),
    Check("a", START + 10 * HOUR, "up"),
]


def test_an_announced_window_clips_the_outage_around_it(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, replace(feed(), maintenance=(window("a", START + 4 * HOUR, 3),)))
        assert days_of(memory) == [("a", date(2026, 10, 22), 4 * 3600, 3 * 3600, 86400 - 10 * 3600, 3 * 3600, 4, 1)]
        assert incidents_of(memory) == [("a", START + 2 * HOUR, START + 8 * HOUR, 3 * 3600, False)]


def test_a_failed_check_in_an_announced_window_begins_no_incident(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, replace(feed(), maintenance=(window("*", START + 1 * HOUR, 7),)))
        assert days_of(memory) == [("a", date(2026, 10, 22), 3 * 3600, 0, 86400 - 10 * 3600, 7 * 3600, 4, 1)]
        assert incidents_of(memory) == []


def test_windows_that_overlap_count_once_and_one_that_crosses_midnight_counts_on_both_days(memory: duckdb.DuckDBPyConnection) -> None:
    late = START + 15 * HOUR  # 23:00 in Makassar
    checks = [Check("a", START, "up", 5), Check("a", START + 24 * HOUR, "up", 5)]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, replace(feed(), maintenance=(window("a", late, 2), window("*", late + HOUR / 2, 2, row=3))))
        assert [row[2:6] for row in days_of(memory)] == [(15 * 3600, 0, 8 * 3600, 3600), (6.5 * 3600, 0, 16 * 3600, 1.5 * 3600)]


def test_what_does_not_count_is_shown_with_its_reason(memory: duckdb.DuckDBPyConnection) -> None:
    shown = (
        window("a", START, 1),
        window("a", START + HOUR, 1, 0, 3),
        window("a", START + HOUR, 1, -5, 4),
        window("nobody", START, 1, row=5),
        window("*", START, 1, row=6),
    )
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, replace(feed(), maintenance=shown))
        found = memory.execute("select source_row, service_id, counts, reason from uptime.maintenance order by source_row").fetchall()
        assert found == [
            (2, "a", True, None),
            (3, "a", False, "announced_late"),
            (4, "a", False, "announced_late"),
            (5, "nobody", False, "unknown_service"),
            (6, "*", True, None),
        ]
        assert days_of(memory)[0][5] == 3600


def test_another_maintenance_file_reckons_the_feed_again_and_none_gives_what_was(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, feed())
        before = whole_tables(memory)
        for windows_of_file, maintenance_s in (((window("a", START + 4 * HOUR, 3),), 3 * 3600), ((window("a", START + 4 * HOUR, 2),), 2 * 3600)):
            assert station.roll_up(replace(feed(), maintenance=windows_of_file)).from_day is not None
            assert station.roll_up(replace(feed(), maintenance=windows_of_file)).from_day is None
            assert days_of(memory)[0][5] == maintenance_s
        station.roll_up(feed())
        assert whole_tables(memory) == before
        assert memory.execute("select count(*) from uptime.maintenance").fetchone() == (0,)


def test_halves_of_a_second_do_not_make_a_day_longer(memory: duckdb.DuckDBPyConnection) -> None:
    midnight = START + 16 * HOUR
    checks = [Check("a", midnight, "up", 5), Check("a", midnight + timedelta(hours=9, milliseconds=500), "down"), Check("a", midnight + 24 * HOUR, "up", 5)]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, feed())
        assert days_of(memory)[0][2:6] == (9 * 3600 + 1, 15 * 3600 - 1, 0, 0)
