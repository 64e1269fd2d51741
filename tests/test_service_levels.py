"""Service levels by a feed's settings: announced maintenance, service hours. Everything is reckoned a second time here, minute by minute, and the way
checks arrive in does not show."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.uptime import service_quarter
from pipelines import service_hours
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
from warehouse.registry import Feed, MaintenanceWindow, Service

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


LevelRow = tuple[str, date, int, int, int, int, int, int, int]


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


def off_hours(its_feed: Feed, service: str, local: datetime) -> bool:
    """None of the generated days is a public holiday."""
    hours = next((one.hours for one in its_feed.services if one.id == service and one.hours is not None), its_feed.hours)
    clock_s = local.hour * 3600 + local.minute * 60
    return bool(hours) and not any(one.weekday == local.isoweekday() and one.opens_s <= clock_s < one.closes_s for one in hours)


def by_hand(checks: Sequence[Check], its_feed: Feed) -> tuple[list[LevelRow], list[IncidentRow]]:
    """Service-days and incidents of checks on whole minutes of which no two are of one service and moment."""
    cut = ZoneInfo(its_feed.government.timezone)
    hold = timedelta(seconds=its_feed.max_hold_s)
    latest = max(check.at for check in checks)
    of_service: dict[str, list[Check]] = defaultdict(list)
    for check in sorted(checks, key=lambda check: check.at):
        of_service[check.service].append(check)
    days: list[LevelRow] = []
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
            on_day = seconds.setdefault(moment.astimezone(cut).date(), dict.fromkeys(("up", "down", "unknown", "maintenance", "off_hours"), 0))
            speaks = said is not None and moment < min(said.at + hold, latest)
            status = said.status if said is not None and speaks else "unknown"
            closed = off_hours(its_feed, service, moment.astimezone(cut))
            out = closed or announced(its_feed, service, moment)
            on_day["off_hours" if closed else "maintenance" if out else status] += 60
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
            days.append((service, day, sums["up"], sums["down"], sums["unknown"], sums["maintenance"], sums["off_hours"], len(made), failed))
    return days, sorted(incidents, key=lambda incident: incident[:2])


def levels_of(connection: duckdb.DuckDBPyConnection) -> list[LevelRow]:
    return connection.execute(
        "select service_id, day, up_s, down_s, unknown_s, maintenance_s, off_hours_s, checks, failed_checks from uptime.service_day order by service_id, day"
    ).fetchall()


QUARTER_START = date(2026, 10, 1)


def quarters_by_hand(days: Sequence[LevelRow], its_feed: Feed) -> list[tuple[str, int, int, int, int, int]]:
    """Service, and seconds up, down, unknown, in maintenance and off hours: those of its days, and the days before them."""
    cut = ZoneInfo(its_feed.government.timezone)
    found = []
    for service in sorted({row[0] for row in days}):
        mine = [row for row in days if row[0] == service]
        sums = [sum(row[column] for row in mine) for column in range(2, 7)]
        moment = datetime.combine(QUARTER_START, time(), cut).astimezone(UTC)
        end = datetime.combine(mine[0][1], time(), cut).astimezone(UTC)
        while moment < end:
            sums[4 if off_hours(its_feed, service, moment.astimezone(cut)) else 2] += 1800
            moment += 30 * MINUTE
        found.append((service, *sums))
    return found


def quarters_of(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int, int, int, int, int]]:
    return connection.execute(
        "select service_id, up_s, down_s, unknown_s, maintenance_s, off_hours_s from uptime.service_quarter order by service_id"
    ).fetchall()


OFFICE = service_hours.parse("Mon-Fri 08:00-16:00")
SOME_HOURS = st.sampled_from(
    [
        (),
        (),
        OFFICE,
        service_hours.parse("Thu 00:00-24:00, Sat-Sun 00:30-06:00, Sat 22:00-24:00"),
        service_hours.parse("Mon-Thu 07:30-12:00, Mon-Thu 13:00-16:00"),
    ]
)


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
    own = [Service("b", "b", hours=draw(SOME_HOURS))] if draw(st.booleans()) else []
    return replace(
        feed(draw(st.sampled_from(ZONES)), draw(HOLDS), tuple(own)), maintenance=tuple(draw(st.lists(windows(), max_size=4))), hours=draw(SOME_HOURS)
    )


@MANY
@given(arrival=arrivals(), its_feed=feeds())
def test_levels_are_those_reckoned_by_hand_however_checks_arrive(memory: duckdb.DuckDBPyConnection, arrival: Arrival, its_feed: Feed) -> None:
    with emptied(memory, its_feed.government.timezone) as station:
        station.promote(its_feed, arrival.checks)
        station.roll_up(its_feed)
        at_once = whole_tables(memory)
        service_quarter.reckon(memory, "2026-Q4")
        levels = memory.execute("select * from uptime.service_quarter order by all").fetchall()
    with emptied(memory, its_feed.government.timezone) as station:
        for number, (batch, rolled) in enumerate(zip(arrival.batches, arrival.rolled, strict=True)):
            station.promote(its_feed, batch, RECEIVED + number * HOUR)
            if rolled:
                station.roll_up(its_feed)
        station.roll_up(its_feed)
        days, incidents = by_hand(arrival.checks, its_feed)
        assert levels_of(memory) == days
        assert incidents_of(memory) == incidents
        assert whole_tables(memory) == at_once
        service_quarter.reckon(memory, "2026-Q4")
        assert quarters_of(memory) == quarters_by_hand(days, its_feed)
        assert memory.execute("select * from uptime.service_quarter order by all").fetchall() == levels


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


# Service hours.


def ratios(connection: duckdb.DuckDBPyConnection) -> list[tuple[float | None, float | None, float | None]]:
    return connection.execute("select availability, availability_strict, coverage from uptime.service_day order by service_id, day").fetchall()


def test_outside_hours_nothing_counts_and_coverage_is_of_the_hours(memory: duckdb.DuckDBPyConnection) -> None:
    """Thursday 22 October 2026 08:00 in Makassar: up; down from 15:00; seen up again at 20:00, after hours; Friday watched until noon."""
    checks = [Check("a", START, "up", 5), Check("a", START + 7 * HOUR, "down"), Check("a", START + 12 * HOUR, "up", 5), Check("a", START + 28 * HOUR, "up", 5)]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, replace(feed(), hours=OFFICE))
        assert [row[2:7] for row in levels_of(memory)] == [(7 * 3600, 3600, 0, 0, 16 * 3600), (4 * 3600, 0, 4 * 3600, 0, 16 * 3600)]
        assert incidents_of(memory) == [("a", START + 7 * HOUR, START + 24 * HOUR, 3600, False)]
        assert ratios(memory) == [(7 / 8, 7 / 8, 1.0), (1.0, 0.5, 0.5)]


def test_a_day_without_hours_has_no_coverage_to_speak_of(memory: duckdb.DuckDBPyConnection) -> None:
    saturday = START + 48 * HOUR
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, [Check("a", saturday, "down"), Check("a", saturday + HOUR, "up", 5)], replace(feed(), hours=OFFICE))
        assert levels_of(memory) == [("a", date(2026, 10, 24), 0, 0, 0, 0, 86400, 2, 1)]
        assert ratios(memory) == [(None, None, None)]
        assert incidents_of(memory) == []


def test_public_holidays_are_closed_and_named(memory: duckdb.DuckDBPyConnection) -> None:
    """17 August 2026 is a Monday."""
    monday = datetime(2026, 8, 16, 16, tzinfo=UTC)
    its_feed = replace(feed(services=(Service("siaga", "siaga", hours=()),)), hours=OFFICE)
    checks = [Check(service, monday + hours * HOUR, "up", 5) for service in ("a", "siaga") for hours in (0, 24, 48)]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, its_feed)
        assert [(row[0], row[1].day, row[2], row[6]) for row in levels_of(memory)] == [
            ("a", 17, 0, 86400),
            ("a", 18, 8 * 3600, 16 * 3600),
            ("a", 19, 0, 16 * 3600),
            ("siaga", 17, 86400, 0),
            ("siaga", 18, 86400, 0),
            ("siaga", 19, 0, 0),
        ]
        shown = "select holiday, opens_at is null from uptime.service_hours where service_id = 'a' and day between '2026-08-17' and '2026-08-18' order by day"
        assert memory.execute(shown).fetchall() == [("Hari Kemerdekaan Republik Indonesia", True), (None, False)]
        assert memory.execute("select count(*) from uptime.service_hours where service_id = 'siaga'").fetchone() == (0,)


def test_the_days_of_a_quarter_before_the_first_check_are_cut_to_the_hours_too(memory: duckdb.DuckDBPyConnection) -> None:
    """1 to 22 October 2026 are 16 working days; the last of them is watched whole."""
    checks = [Check("a", START, "up", 5), Check("a", START + 8 * HOUR, "up", 5)]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, replace(feed(), hours=OFFICE))
        service_quarter.reckon(memory, "2026-Q4")
        found = memory.execute("select up_s, unknown_s, off_hours_s, coverage, availability_strict, verdict from uptime.service_quarter").fetchall()
        assert found == [(8 * 3600, 15 * 8 * 3600, 22 * 86400 - 16 * 8 * 3600, 1 / 16, 1 / 16, "insufficient_data")]


@pytest.mark.parametrize(
    ("written", "openings"),
    [
        ("always", []),
        ("Mon 08:00-16:00", [(1, 28800, 57600)]),
        ("Fri 13:00-16:30, Thu-Fri 08:00-11:30", [(4, 28800, 41400), (5, 28800, 41400), (5, 46800, 59400)]),
        ("Sun 00:00-24:00", [(7, 0, 86400)]),
    ],
)
def test_hours_are_read_as_written(written: str, openings: list[tuple[int, int, int]]) -> None:
    assert [(one.weekday, one.opens_s, one.closes_s) for one in service_hours.parse(written)] == openings
