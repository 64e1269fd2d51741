"""Service levels by a feed's settings: announced maintenance, service hours. Everything is reckoned a second time here, minute by minute, and the way
checks arrive in does not show."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.uptime import roll_up, service_quarter
from pipelines import service_hours
from tests.site import HOUR, Site, days_of, incidents_of, whole_tables
from tests.test_check_log import (
    HOLDS,
    MAKASSAR,
    MINUTE,
    RECEIVED,
    START,
    WEEK_MINUTES,
    ZONES,
    Batches,
    Check,
    Station,
    arrivals,
    as_csv,
    emptied,
    feed,
)
from warehouse import database, migrations, reference
from warehouse import period as quarter
from warehouse.files import sql_of
from warehouse.registry import Feed, Government, MaintenanceWindow, Opening, Service

MANY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


HOLIDAYS = {date(2026, 8, 17), date(2026, 8, 25), date(2026, 12, 25)}  # of the quarters reckoned here
NOW = RECEIVED  # the fourth quarter runs
LATER = datetime(2027, 1, 15, tzinfo=UTC)  # it is over
OutageRow = tuple[str, datetime, datetime | None, int, bool, int]
LevelRow = tuple[str, date, int, int, int, int, int, int, int]


@pytest.fixture(scope="module", autouse=True)
def _short_stretches() -> Iterator[None]:
    """Each of these histories is reckoned day by day; those of check logs at once."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(roll_up, "STRETCH_CHECKS", 1)
        yield


@pytest.fixture(scope="module")
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        reference.load(connection, (MAKASSAR,))
        yield connection


# The reckoning, by hand: minute by minute.


def minutes_of(window: MaintenanceWindow) -> list[datetime]:
    return [window.starts_at + number * MINUTE for number in range((window.ends_at - window.starts_at) // MINUTE)]


@lru_cache(maxsize=4)
def announced(its_feed: Feed, service: str) -> tuple[frozenset[datetime], frozenset[datetime]]:
    """Minutes of service time that windows announced in time cover: those that count, and those beyond the cap of their local month."""
    cap_s = next((one.maintenance_cap_s for one in its_feed.services if one.id == service and one.maintenance_cap_s is not None), its_feed.maintenance_cap_s)
    mine = [window for window in its_feed.maintenance if window.service in ("*", service) and window.announced_at < window.starts_at]
    used_s: Counter[tuple[int, int]] = Counter()
    counted, over_cap = set(), set()
    for moment in sorted({moment for window in mine for moment in minutes_of(window)}):
        local = moment.astimezone(ZoneInfo(its_feed.government.timezone))
        if not off_hours(its_feed, service, local):
            (counted if cap_s is None or used_s[local.year, local.month] < cap_s else over_cap).add(moment)
            used_s[local.year, local.month] += 60
    return frozenset(counted), frozenset(over_cap)


def off_hours(its_feed: Feed, service: str, local: datetime) -> bool:
    hours = next((one.hours for one in its_feed.services if one.id == service and one.hours is not None), its_feed.hours)
    clock_s = local.hour * 3600 + local.minute * 60
    return bool(hours) and (local.date() in HOLIDAYS or not any(one.weekday == local.isoweekday() and one.opens_s <= clock_s < one.closes_s for one in hours))


def by_hand(checks: Sequence[Check], its_feed: Feed) -> tuple[list[LevelRow], list[OutageRow]]:
    """Service-days and outages of checks on whole minutes of which no two are of one service and moment."""
    cut = ZoneInfo(its_feed.government.timezone)
    hold = timedelta(seconds=its_feed.max_hold_s)
    latest = max(check.at for check in checks)
    of_service: dict[str, list[Check]] = defaultdict(list)
    for check in sorted(checks, key=lambda check: check.at):
        of_service[check.service].append(check)
    days: list[LevelRow] = []
    outages: list[OutageRow] = []
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
            out = closed or moment in announced(its_feed, service)[0]
            on_day["off_hours" if closed else "maintenance" if out else status] += 60
            if said is not None and not out and (speaks or said.at == moment == latest):
                if said.status == "down":
                    if not run:
                        run_began, down_s = moment, 0
                    run += [said.at] if said.at not in run else []
                    down_s += 60 if speaks else 0
                elif said.status == "up" and run:
                    outages.append((service, run_began, moment, down_s, False, len(run)))
                    run = []
            moment += MINUTE
        if run:
            outages.append((service, run_began, None, down_s, True, len(run)))
        for day, sums in seconds.items():
            made = [check for check in mine if check.at.astimezone(cut).date() == day]
            failed = sum(check.status == "down" for check in made)
            days.append((service, day, sums["up"], sums["down"], sums["unknown"], sums["maintenance"], sums["off_hours"], len(made), failed))
    return days, sorted(outages, key=lambda outage: outage[:2])


def levels_of(connection: duckdb.DuckDBPyConnection) -> list[LevelRow]:
    return connection.execute(
        "select service_id, day, up_s, down_s, unknown_s, maintenance_s, off_hours_s, checks, failed_checks from uptime.service_day order by service_id, day"
    ).fetchall()


QuarterRow = tuple[str, str, int, int, int, int, int, int, int, int]


def quarters_by_hand(period: str, days: Sequence[LevelRow], incidents: Sequence[OutageRow], its_feed: Feed, now: datetime) -> list[QuarterRow]:
    """Quarter, service, seconds up, down, unknown, in maintenance and off hours: those of its days, and the days before them, and when it is over those
    after them; incidents, the same with those that flap as one, those still open."""
    cut = ZoneInfo(its_feed.government.timezone)
    first, last = quarter.first_day(period), quarter.last_day(period)
    flapping = timedelta(seconds=its_feed.flapping_s)
    found: list[QuarterRow] = []
    for service in sorted({row[0] for row in days if first <= row[1] <= last}):
        mine = [row for row in days if row[0] == service and first <= row[1] <= last]
        up, down, unknown, maintenance, off = (sum(row[column] for row in mine) for column in range(2, 7))
        counted_to = last if now.astimezone(cut).date() > last else mine[-1][1]
        for unwatched, watched in ((first, mine[0][1]), (mine[-1][1] + timedelta(days=1), counted_to + timedelta(days=1))):
            moment = datetime.combine(unwatched, time(), cut).astimezone(UTC)
            while moment < datetime.combine(watched, time(), cut).astimezone(UTC):
                closed = off_hours(its_feed, service, moment.astimezone(cut))
                off, unknown = (off + 1800, unknown) if closed else (off, unknown + 1800)
                moment += 30 * MINUTE
        begun, merged, still_open = 0, 0, 0
        ended_before: datetime | None = None
        over = datetime.combine(counted_to + timedelta(days=1), time(), cut)
        for _, started_at, ended_at, *_ in (incident for incident in incidents if incident[0] == service):
            if first <= started_at.astimezone(cut).date() <= last:
                begun += 1
                merged += ended_before is None or started_at - ended_before >= flapping
            still_open += started_at < over and (ended_at is None or ended_at >= over)
            ended_before = ended_at
        found.append((period, service, up, down, unknown, maintenance, off, begun, merged, still_open))
    return found


def quarters_of(connection: duckdb.DuckDBPyConnection) -> list[QuarterRow]:
    return connection.execute(
        "select period, service_id, up_s, down_s, unknown_s, maintenance_s, off_hours_s, incidents, incidents_merged, open_incidents "
        "from uptime.service_quarter order by period, service_id"
    ).fetchall()


def whole_quarters(connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return connection.execute("select * from uptime.service_quarter order by all").fetchall()


ALERTS = (("page", 60, 5, 14.4), ("page", 360, 30, 6), ("ticket", 1440, 120, 3), ("ticket", 4320, 360, 1))


def burn_by_hand(checks: Sequence[Check], its_feed: Feed) -> list[tuple[str, int, float | None, float | None, bool | None]]:
    """Service, long window, burn rates and whether it burns, of the pairs whose short window holds three checks."""
    cut, hold = ZoneInfo(its_feed.government.timezone), timedelta(seconds=its_feed.max_hold_s)
    latest = max(check.at for check in checks)
    found: list[tuple[str, int, float | None, float | None, bool | None]] = []
    for service in sorted({check.service for check in checks}):
        mine = sorted((check for check in checks if check.service == service), key=lambda check: check.at)
        first_day = (latest - timedelta(days=1)).astimezone(cut).date()
        gaps = [(following - one) / MINUTE for one, following in pairwise(check.at for check in mine if check.at.astimezone(cut).date() >= first_day)]
        if len(gaps) < 3:
            continue

        def rate(minutes: int, service: str = service, mine: Sequence[Check] = mine) -> float | None:
            seen = {"up": 0, "down": 0}
            for moment in (latest - number * MINUTE for number in range(1, minutes + 1)):
                said = next((check for check in reversed(mine) if check.at <= moment), None)
                in_service = not off_hours(its_feed, service, moment.astimezone(cut)) and moment not in announced(its_feed, service)[0]
                if said is not None and moment < said.at + hold and said.status in seen and in_service:
                    seen[said.status] += 1
            return seen["down"] / sum(seen.values()) / (1 - 0.99) if sum(seen.values()) else None

        for _, long, short, threshold in ALERTS:
            if short * len(gaps) >= 3 * sum(gaps):
                rates = (rate(long), rate(short))
                quiet = any(one is not None and one <= threshold for one in rates)
                found.append((service, long * 60, *rates, False if quiet else None if None in rates else True))
    return found


def burn_of(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int, float | None, float | None, bool | None]]:
    return connection.execute(
        "select service_id, long_window_s, long_burn_rate, short_burn_rate, burning from uptime.burn_rate order by service_id, long_window_s"
    ).fetchall()


WindowRow = tuple[int, bool, str | None, int, int]


def windows_by_hand(checks: Sequence[Check], its_feed: Feed) -> list[WindowRow]:
    """Row, whether it counts, why not or not all of it, seconds that count and beyond the cap, from the first check's quarter to the latest one's day."""
    cut = ZoneInfo(its_feed.government.timezone)
    seen = [check.at.astimezone(cut).date() for check in checks]
    first, last = quarter.first_day(quarter.of_day(min(seen))), max(seen)
    found: list[WindowRow] = []
    for window in its_feed.maintenance:
        services = {check.service for check in checks if window.service in ("*", check.service)}
        late = window.announced_at >= window.starts_at
        counted_s, over_cap_s = 0, 0
        for service in services if not late else ():
            within = {moment for moment in minutes_of(window) if first <= moment.astimezone(cut).date() <= last}
            counted, over_cap = announced(its_feed, service)
            counted_s += 60 * len(within & counted)
            over_cap_s += 60 * len(within & over_cap)
        reason = "announced_late" if late else "unknown_service" if not services else "over_cap" if over_cap_s else None
        found.append((window.source_row, reason is None or counted_s > 0, reason, counted_s, over_cap_s))
    return found


def windows_of(connection: duckdb.DuckDBPyConnection) -> list[WindowRow]:
    return connection.execute("select source_row, counts, reason, counted_s, over_cap_s from uptime.maintenance order by source_row").fetchall()


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
CAPS = st.sampled_from((None, None, 0, 1800, 5 * 3600, 40 * 3600))


@st.composite
def windows(draw: st.DrawFn) -> MaintenanceWindow:
    starts_at = START + draw(st.integers(-600, WEEK_MINUTES)) * MINUTE
    return MaintenanceWindow(
        draw(st.sampled_from(("*", "a", "b", "nobody"))),
        starts_at,
        starts_at + draw(st.one_of(st.integers(1, 300), st.integers(1, 3000))) * MINUTE,
        starts_at + draw(st.sampled_from((-3000, -1, -1, -1, 0, 1))) * MINUTE,
        "",
        2,
    )


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    own = [Service("b", "b", hours=draw(SOME_HOURS), maintenance_cap_s=draw(CAPS))] if draw(st.booleans()) else []
    return replace(
        feed(draw(st.sampled_from(ZONES)), draw(HOLDS), tuple(own)),
        maintenance=tuple(replace(window, source_row=row) for row, window in enumerate(draw(st.lists(windows(), max_size=4)), start=2)),
        maintenance_cap_s=draw(CAPS),
        hours=draw(SOME_HOURS),
        incident_after=draw(st.sampled_from((1, 2, 2, 3))),
        flapping_s=draw(st.sampled_from((0, 3600, 86400))),
    )


def earlier(arrival: Batches, its_feed: Feed, back: timedelta) -> tuple[Batches, Feed]:
    batches = tuple(tuple(replace(check, at=check.at - back) for check in batch) for batch in arrival.batches)
    moved = (replace(one, starts_at=one.starts_at - back, ends_at=one.ends_at - back, announced_at=one.announced_at - back) for one in its_feed.maintenance)
    return Batches(batches, arrival.rolled), replace(its_feed, maintenance=tuple(moved))


@MANY
@given(arrival=arrivals(), its_feed=feeds(), over_the_quarters_end=st.booleans(), now=st.sampled_from((NOW, LATER)))
def test_levels_are_those_reckoned_by_hand_however_checks_arrive(
    memory: duckdb.DuckDBPyConnection, arrival: Batches, its_feed: Feed, over_the_quarters_end: bool, now: datetime
) -> None:
    if over_the_quarters_end:
        arrival, its_feed = earlier(arrival, its_feed, timedelta(days=24))
    with emptied(memory, its_feed.government.timezone) as station:
        due = station.promote(its_feed, arrival.checks)
        station.roll_up(its_feed)
        at_once = whole_tables(memory)
        for period in due:
            service_quarter.reckon(memory, period, now)
        quarters_at_once = whole_quarters(memory)
    with emptied(memory, its_feed.government.timezone) as station:
        waiting: set[str] = set()
        for number, (batch, rolled) in enumerate(zip(arrival.batches, (*arrival.rolled[:-1], True), strict=True)):
            waiting |= set(station.promote(its_feed, batch, RECEIVED + number * HOUR))
            if rolled:
                station.roll_up(its_feed)
                for period in waiting:
                    service_quarter.reckon(memory, period, now)
                waiting = set()
        days, outages = by_hand(arrival.checks, its_feed)
        incidents = [outage for outage in outages if outage[5] >= its_feed.incident_after]
        assert levels_of(memory) == days
        assert incidents_of(memory) == [incident[:5] for incident in incidents]
        assert memory.execute("select failed_checks from uptime.outage order by service_id, started_at").fetchall() == [(outage[5],) for outage in outages]
        assert windows_of(memory) == windows_by_hand(arrival.checks, its_feed)
        assert whole_tables(memory) == at_once
        assert quarters_of(memory) == [row for period in ("2026-Q3", "2026-Q4") for row in quarters_by_hand(period, days, incidents, its_feed, now)]
        assert whole_quarters(memory) == quarters_at_once
        calendar = memory.execute("select service_id, day, incidents, down_s from uptime.incident_calendar order by service_id, day").fetchall()
        began = [(incident[0], incident[1].astimezone(ZoneInfo(its_feed.government.timezone)).date()) for incident in incidents]
        assert calendar == [(row[0], row[1], began.count((row[0], row[1])), row[3]) for row in days]
        by_hand_too = burn_by_hand(arrival.checks, its_feed)
        assert [(*row[:2], row[4]) for row in burn_of(memory)] == [(*row[:2], row[4]) for row in by_hand_too]
        assert [row[2:4] for row in burn_of(memory)] == [tuple(None if rate is None else pytest.approx(rate) for rate in row[2:4]) for row in by_hand_too]


# Several vantages.


def poll_by_hand(checks: Sequence[Check], its_feed: Feed) -> tuple[list[tuple[str, date, int, int, int]], list[tuple[str, datetime, datetime | None]]]:
    """Service-days (seconds up, down, in maintenance) and outages: each minute every vantage that a check speaks for is asked, and at the latest check of all
    those that have one too, which speaks for no time."""
    cut, hold = ZoneInfo(its_feed.government.timezone), timedelta(seconds=its_feed.max_hold_s)
    latest = max(check.at for check in checks)
    days: list[tuple[str, date, int, int, int]] = []
    outages: list[tuple[str, datetime, datetime | None]] = []
    for service in sorted({check.service for check in checks}):
        of_vantage: dict[str, list[Check]] = defaultdict(list)
        for check in sorted((check for check in checks if check.service == service), key=lambda check: check.at):
            of_vantage[check.vantage].append(check)
        seconds: dict[date, list[int]] = {}
        moment, began = min(check.at for mine in of_vantage.values() for check in mine), None
        until = latest if any(check.at == latest for mine in of_vantage.values() for check in mine) else latest - MINUTE
        while moment <= until:
            on_day = seconds.setdefault(moment.astimezone(cut).date(), [0, 0, 0])
            said = [next((check for check in reversed(mine) if check.at <= moment), None) for mine in of_vantage.values()]
            says = [check.status for check in said if check is not None and moment < check.at + hold]
            up, down = says.count("up"), says.count("down")
            status = "down" if 2 * down > up + down else "up" if up + down else "maintenance" if "maintenance" in says else None
            if status is not None:
                on_day[("up", "down", "maintenance").index(status)] += 60 * (moment < latest)
            if status == "down" and began is None:
                began = moment
            if status == "up" and began is not None:
                outages.append((service, began, moment))
                began = None
            moment += MINUTE
        if began is not None:
            outages.append((service, began, None))
        days += [(service, day, *sums) for day, sums in seconds.items()]
    return days, outages


@st.composite
def polled_checks(draw: st.DrawFn) -> list[Check]:
    keys = draw(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(("bjm", "jkt", "plk")), st.integers(0, 3000)), min_size=1, max_size=30, unique=True))
    statuses = st.sampled_from(("up", "up", "down", "down", "unknown", "maintenance"))
    checks = [Check(service, START + minute * MINUTE, draw(statuses), None, vantage) for service, vantage, minute in keys]
    last = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(("bjm", "jkt", "plk"))), max_size=6, unique=True)
    return checks + [Check(service, START + 3001 * MINUTE, draw(statuses), None, vantage) for service, vantage in draw(last)]


@MANY
@given(checks=polled_checks(), hold_minutes=st.sampled_from((45, 600, 1560)), split=st.integers(0, 30))
def test_a_service_is_down_while_most_of_the_vantages_that_know_say_so(
    memory: duckdb.DuckDBPyConnection, checks: list[Check], hold_minutes: int, split: int
) -> None:
    its_feed = feed(max_hold_s=hold_minutes * 60)
    with emptied(memory, "Asia/Makassar") as station:
        for number, batch in enumerate((checks[:split], checks[split:])):
            if batch:
                station.promote(its_feed, batch, RECEIVED + number * HOUR)
                station.roll_up(its_feed)
        days, outages = poll_by_hand(checks, its_feed)
        found = memory.execute("select service_id, day, up_s, down_s, maintenance_s from uptime.service_day order by service_id, day").fetchall()
        assert [row for row in found if any(row[2:])] == [row for row in days if any(row[2:])]
        assert [outage[:3] for outage in incidents_of(memory)] == outages
        counted = memory.execute("select sum(checks), sum(failed_checks) from uptime.service_day").fetchone()
        assert counted == (len(checks), sum(check.status == "down" for check in checks))


def test_at_the_latest_check_of_all_vantages_an_outage_ends_or_begins(memory: duckdb.DuckDBPyConnection) -> None:
    for statuses, outages in (
        (("up", "down", "down", "up"), [(5, 15, 6, False)]),
        (("up", "up", "down"), [(10, None, 3, True)]),
        (("up", "down", "down"), [(5, None, 6, True)]),
    ):
        checks = [Check("a", START + 5 * place * MINUTE, status, None, vantage) for place, status in enumerate(statuses) for vantage in ("bjm", "jkt", "plk")]
        with emptied(memory, "Asia/Makassar") as station:
            rolled(station, checks, replace(feed(max_hold_s=720), incident_after=3))
            found = memory.execute("select started_at, ended_at, failed_checks, is_open from uptime.incident").fetchall()
            expected = [
                (START + began * MINUTE, None if ended is None else START + ended * MINUTE, failed, is_open) for began, ended, failed, is_open in outages
            ]
            assert [(began.astimezone(UTC), ended and ended.astimezone(UTC), *others) for began, ended, *others in found] == expected


def test_an_outage_that_most_vantages_see_counts_the_failed_checks_of_all_of_them_that_speak_for_it(memory: duckdb.DuckDBPyConnection) -> None:
    checks = [Check("a", START, "up", 5, vantage) for vantage in ("bjm", "jkt", "plk")]
    checks += [Check("a", START + hours * HOUR, "down", None, vantage) for vantage, hours in (("bjm", 1), ("bjm", 2), ("jkt", 2), ("jkt", 3))]
    checks += [Check("a", START + 4 * HOUR, "up", 5, vantage) for vantage in ("bjm", "jkt")] + [Check("a", START + 5 * HOUR, "up", 5, "plk")]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, feed())
        assert incidents_of(memory) == [("a", START + 2 * HOUR, START + 4 * HOUR, 2 * 3600, False)]
        assert memory.execute("select failed_checks from uptime.outage").fetchone() == (3,)  # bjm's first was over when jkt's came
        assert levels_of(memory)[0][2:4] == (3 * 3600, 2 * 3600)


def test_a_vantage_that_has_long_been_cut_off_makes_no_incident_of_another_ones_single_failure(memory: duckdb.DuckDBPyConnection) -> None:
    checks = [
        Check("a", START + minute * MINUTE, "down" if vantage == "jkt" or (vantage == "bjm" and minute == 700) else "up", None, vantage)
        for vantage in ("bjm", "jkt", "plk")
        for minute in range(1500)
    ]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, replace(feed(max_hold_s=150), incident_after=3))
        found = memory.execute("select started_at, duration_s, failed_checks, is_incident from uptime.outage").fetchall()
        assert [(at.astimezone(UTC), *others) for at, *others in found] == [(START + 700 * MINUTE, 60, 2, False)]


def test_a_failed_check_of_the_day_before_counts_in_the_outage_that_it_speaks_for(memory: duckdb.DuckDBPyConnection) -> None:
    checks = [Check("a", START, "up", 5, "bjm"), Check("a", START + MINUTE, "down", None, "jkt")]
    checks += [Check("a", START + hours * HOUR, "up", 5, vantage) for vantage in ("bjm", "jkt") for hours in (27, 28)]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, feed())
        assert incidents_of(memory) == [("a", START + 26 * HOUR, START + 27 * HOUR, 60, False)]
        assert memory.execute("select failed_checks from uptime.outage").fetchone() == (1,)


# Certificates.


def test_a_certificate_is_the_one_seen_last_and_has_so_many_days_left(memory: duckdb.DuckDBPyConnection) -> None:
    log = (
        "service,checked_at,status,url,certificate_expires_at\n"
        "a,2026-10-22T00:00:00Z,up,https://a.go.id/,2026-11-01T00:00:00Z\n"
        "a,2026-10-23T00:00:00Z,up,https://a.go.id/,2027-01-21T00:00:00Z\n"
        "a,2026-10-24T00:00:00Z,down,https://a.go.id/,\n"
        "b,2026-10-24T00:00:00Z,up,http://b.go.id/,\n"
        "c,2026-10-24T00:00:00Z,up,https://c.go.id/,2026-10-20T12:00:00Z\n"
    )
    with emptied(memory, "Asia/Makassar") as station:
        for number, lines in enumerate((log, "\n".join(log.splitlines()[:2]))):  # what comes late and is old changes nothing
            station.take(feed(services=(Service("a", "layanan-a"),)), lines.encode(), RECEIVED + number * HOUR)
            station.roll_up(feed(services=(Service("a", "layanan-a"),)))
        found = memory.execute("select service_id, expires_at, seen_at, days_left from uptime.certificate order by service_id").fetchall()
        assert [(service, expires.astimezone(UTC).date(), seen.astimezone(UTC).date(), left) for service, expires, seen, left in found] == [
            ("c", date(2026, 10, 20), date(2026, 10, 24), -3.5),
            ("layanan-a", date(2027, 1, 21), date(2026, 10, 23), 89),
        ]


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


# A cap on announced maintenance.


def capped(hours: float | None, *windows_of_file: MaintenanceWindow, services: tuple[Service, ...] = (), zone: str = "Asia/Makassar") -> Feed:
    return replace(feed(zone, services=services), maintenance=windows_of_file, maintenance_cap_s=None if hours is None else int(hours * 3600))


def hours_of(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, int, float, float, float, float]]:
    """Service, day of the month, hours up, down, unknown and in maintenance."""
    return [(row[0], row[1].day, *(seconds / 3600 for seconds in row[2:6])) for row in levels_of(connection)]


def watched(service: str, start: datetime, days: int) -> list[Check]:
    return [Check(service, start + number * 24 * HOUR, "up", 5) for number in range(days + 1)]


@st.composite
def crowded_windows(draw: st.DrawFn) -> MaintenanceWindow:
    """Within two and a half days, so that some overlap and a month's end lies among them."""
    starts_at = START + draw(st.integers(-18, 100)) * 30 * MINUTE
    return window(draw(st.sampled_from("*ab")), starts_at, draw(st.integers(1, 30)) / 2, draw(st.sampled_from((24, 24, 24, 0))))


@MANY
@given(
    file=st.lists(crowded_windows(), min_size=3, max_size=6),
    caps_h=st.tuples(st.sampled_from((0, 1, 5, 40)), st.sampled_from((None, 0, 3, 20))),
    hours=SOME_HOURS,
    zone=st.sampled_from(ZONES),
    over_the_months_end=st.booleans(),
)
def test_maintenance_within_the_cap_is_that_reckoned_by_hand(
    memory: duckdb.DuckDBPyConnection,
    file: list[MaintenanceWindow],
    caps_h: tuple[int, int | None],
    hours: tuple[Opening, ...],
    zone: str,
    over_the_months_end: bool,
) -> None:
    own = Service("b", "b", maintenance_cap_s=None if caps_h[1] is None else caps_h[1] * 3600)
    its_feed = replace(capped(caps_h[0], *(replace(one, source_row=row) for row, one in enumerate(file, start=2)), services=(own,), zone=zone), hours=hours)
    batch = tuple(Check(service, moment, "up", 5) for service in "ab" for moment in (START, START + WEEK_MINUTES * MINUTE))
    arrival = Batches((batch,), (True,))
    if over_the_months_end:
        arrival, its_feed = earlier(arrival, its_feed, timedelta(days=52))
    with emptied(memory, zone) as station:
        rolled(station, arrival.checks, its_feed)
        cut = ZoneInfo(zone)
        minutes = Counter((service, moment.astimezone(cut).date()) for service in "ab" for moment in announced(its_feed, service)[0])
        assert [row[5] for row in levels_of(memory)] == [60 * minutes[row[:2]] for row in levels_of(memory)]
        assert windows_of(memory) == windows_by_hand(arrival.checks, its_feed)


def test_a_window_that_crosses_the_cap_is_clipped_there_and_checks_count_from_then_on(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, capped(4, window("a", START + HOUR, 7), window("a", START + 9 * HOUR, 1, row=3)))
        assert hours_of(memory) == [("a", 22, 3, 3, 14, 4)]
        assert incidents_of(memory) == [("a", START + 5 * HOUR, START + 8 * HOUR, 3 * 3600, False)]
        assert windows_of(memory) == [(2, True, "over_cap", 4 * 3600, 3 * 3600), (3, False, "over_cap", 0, 3600)]


def test_a_cap_that_is_used_up_to_the_second_cuts_nothing(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, capped(7, window("a", START + HOUR, 7)))
        assert hours_of(memory) == [("a", 22, 3, 0, 14, 7)]
        assert windows_of(memory) == [(2, True, None, 7 * 3600, 0)]


def test_windows_that_overlap_use_the_cap_once(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, capped(4, window("a", START + HOUR, 3), window("*", START + 2 * HOUR, 4, row=3)))
        assert hours_of(memory) == [("a", 22, 3, 3, 14, 4)]
        assert windows_of(memory) == [(2, True, None, 3 * 3600, 0), (3, True, "over_cap", 3 * 3600, 3600)]


def test_windows_that_do_not_count_use_no_cap(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, capped(2, window("a", START, 2, 0), window("b", START, 2, row=3), window("a", START + 4 * HOUR, 2, row=4)))
        assert hours_of(memory) == [("a", 22, 4, 4, 14, 2)]
        assert windows_of(memory) == [(2, False, "announced_late", 0, 0), (3, False, "unknown_service", 0, 0), (4, True, None, 2 * 3600, 0)]


def test_each_service_has_the_cap_to_itself_and_may_have_its_own(memory: duckdb.DuckDBPyConnection) -> None:
    checks = [replace(check, service=service) for service in "abc" for check in DOWN_FOR_SIX_HOURS]
    own = (Service("b", "b", maintenance_cap_s=2 * 3600), Service("c", "c", maintenance_cap_s=0))
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, capped(1, window("*", START + 2 * HOUR, 3), services=own))
        assert hours_of(memory) == [("a", 22, 4, 5, 14, 1), ("b", 22, 4, 4, 14, 2), ("c", 22, 4, 6, 14, 0)]
        assert windows_of(memory) == [(2, True, "over_cap", 3 * 3600, 6 * 3600)]
        station.roll_up(capped(None, window("*", START + 2 * HOUR, 3), services=own[:1]))
        assert [row[5] for row in hours_of(memory)] == [3, 2, 3]


def test_at_local_midnight_a_month_has_its_cap_anew(memory: duckdb.DuckDBPyConnection) -> None:
    """31 October 2026 22:00 in Makassar is 14:00 UTC."""
    evening = datetime(2026, 10, 31, 14, tzinfo=UTC)
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, watched("a", evening - 22 * HOUR, 2), capped(1, window("a", evening, 4)))
        assert [row[1:] for row in hours_of(memory)] == [(31, 23, 0, 0, 1), (1, 23, 0, 0, 1), (2, 0, 0, 24, 0)]
        assert windows_of(memory) == [(2, True, "over_cap", 2 * 3600, 2 * 3600)]


def test_the_hour_that_a_clock_goes_through_twice_uses_the_cap_twice(memory: duckdb.DuckDBPyConnection) -> None:
    """From midnight to six on 25 October 2026 are seven hours in Berlin."""
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    checks = [Check("a", midnight + hours * HOUR, status) for hours, status in ((0, "up"), (2, "down"), (7, "up"), (25, "up"))]
    with emptied(memory, "Europe/Berlin") as station:
        rolled(station, checks, capped(4, window("a", midnight, 7), zone="Europe/Berlin"))
        assert hours_of(memory)[0] == ("a", 25, 18, 3, 0, 4)
        assert incidents_of(memory) == [("a", midnight + 4 * HOUR, midnight + 7 * HOUR, 3 * 3600, False)]
        assert windows_of(memory) == [(2, True, "over_cap", 4 * 3600, 3 * 3600)]


def test_off_hours_use_no_cap(memory: duckdb.DuckDBPyConnection) -> None:
    """From Thursday 15:00 to Friday 10:00 are three office hours."""
    its_feed = replace(capped(2, window("a", START + 7 * HOUR, 19)), hours=OFFICE)
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, watched("a", START - 8 * HOUR, 2), its_feed)
        assert hours_of(memory)[:2] == [("a", 22, 7, 0, 0, 1), ("a", 23, 7, 0, 0, 1)]
        assert windows_of(memory) == [(2, True, "over_cap", 2 * 3600, 3600)]


def test_what_was_used_earlier_in_the_month_is_remembered_when_only_its_later_days_are_reckoned(memory: duckdb.DuckDBPyConnection) -> None:
    """The first window lies before the first check."""
    used_before = [window("a", datetime(2026, 10, 2, tzinfo=UTC), 3), window("*", START + HOUR, 2, row=3)]
    its_feed = capped(6, *used_before, window("a", START + 10 * 24 * HOUR, 4, row=4), window("a", START + 9 * 24 * HOUR, 4, row=5))
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, watched("a", START, 8), its_feed)
        assert windows_of(memory) == [(2, True, None, 3 * 3600, 0), (3, True, None, 2 * 3600, 0), (4, True, None, 0, 0), (5, True, None, 0, 0)]
        before = hours_of(memory)[:8]
        station.promote(its_feed, watched("a", START + 9 * 24 * HOUR, 1), RECEIVED + HOUR)
        assert station.roll_up(its_feed).from_day == date(2026, 10, 29)
        assert hours_of(memory)[:8] == before
        assert [(row[1], row[5]) for row in hours_of(memory)[8:]] == [(30, 0), (31, 1), (1, 4)]
        assert windows_of(memory)[2:] == [(4, True, None, 4 * 3600, 0), (5, True, "over_cap", 3600, 3 * 3600)]


def test_another_cap_reckons_the_feed_again_and_none_gives_what_was(memory: duckdb.DuckDBPyConnection) -> None:
    announced_window = window("a", START + HOUR, 7)
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, DOWN_FOR_SIX_HOURS, capped(None, announced_window))
        before = whole_tables(memory)
        for cap_h in (5, 0.5, 0):
            assert station.roll_up(capped(cap_h, announced_window)).from_day is not None
            assert station.roll_up(capped(cap_h, announced_window)).from_day is None
            assert hours_of(memory)[0][5] == cap_h
        assert windows_of(memory) == [(2, False, "over_cap", 0, 7 * 3600)]
        station.roll_up(capped(None, announced_window))
        assert whole_tables(memory) == before


def test_what_the_monitor_itself_calls_maintenance_uses_no_cap(memory: duckdb.DuckDBPyConnection) -> None:
    checks = [Check("a", START, "maintenance"), Check("a", START + 6 * HOUR, "up", 5), Check("a", START + 10 * HOUR, "up", 5)]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, capped(1, window("a", START + 5 * HOUR, 3)))
        assert hours_of(memory) == [("a", 22, 4, 0, 14, 6)]
        assert windows_of(memory) == [(2, True, "over_cap", 3600, 2 * 3600)]


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
        service_quarter.reckon(memory, "2026-Q4", NOW)
        found = memory.execute("select up_s, unknown_s, off_hours_s, coverage, availability_strict, verdict from uptime.service_quarter").fetchall()
        assert found == [(8 * 3600, 15 * 8 * 3600, 22 * 86400 - 16 * 8 * 3600, 1 / 16, 1 / 16, "insufficient_data")]


def test_a_quarter_ends_for_each_service_with_the_latest_day_of_its_own_zone(tmp_path: Path) -> None:
    """The latest check is at 00:30 of the 2nd in Jayapura; in Jakarta the 1st goes on, and the 2nd is not unknown yet."""
    its_feed = replace(feed("Asia/Jayapura"), services=(Service("a", "a", government="98"),), hours=service_hours.parse("Mon-Sun 00:00-24:00"))
    site = Site(tmp_path, its_feed, now=RECEIVED)
    begin = datetime(2026, 9, 30, 15, tzinfo=UTC)
    site.bring("checks.csv", as_csv([Check(service, begin + half * HOUR / 2, "up", 5) for service in "ab" for half in range(50)]))
    with site.warehouse.open_for_writing() as connection:
        reference.load(connection, (site.feed.government, Government("98", "Contoh lain (data buatan)", "Asia/Jakarta")))
    site.roll_up()
    with site.warehouse.open_for_writing() as connection:
        service_quarter.reckon(connection, "2026-Q4", NOW)
    said = "select service_id, up_s + down_s + unknown_s + maintenance_s, off_hours_s from uptime.service_quarter order by service_id"
    assert site.query(said) == [("a", 86400, 0), ("b", 2 * 86400, 0)]


def test_a_check_is_of_the_quarters_that_it_falls_in_for_its_service_and_for_the_feed(tmp_path: Path) -> None:
    """At 00:30 of the 1st of October in Jayapura it is the 30th of September in Jakarta."""
    its_feed = replace(feed("Asia/Jayapura"), services=(Service("a", "a", government="98"),))
    site = Site(tmp_path, its_feed, now=RECEIVED)
    with site.warehouse.open_for_writing() as connection:
        reference.load(connection, (site.feed.government, Government("98", "Contoh lain (data buatan)", "Asia/Jakarta")))
    site.bring("checks.csv", as_csv([Check("a", datetime(2026, 9, 30, 15, 30, tzinfo=UTC), "down"), Check("b", datetime(2026, 10, 1, tzinfo=UTC), "up", 5)]))
    assert site.query("select periods from meta.batch") == [(["2026-Q3", "2026-Q4"],)]


@pytest.mark.parametrize(
    ("zone", "day", "hours", "open_h"),
    [
        ("Europe/Amsterdam", date(2026, 3, 29), "Sun 02:10-02:20", []),  # 02:00 to 03:00 is not shown
        ("Europe/Amsterdam", date(2026, 3, 29), "Sun 01:30-03:30", [(0.5, 1), (1, 1.5)]),
        ("Europe/Amsterdam", date(2026, 10, 25), "Sun 02:10-02:20", [(0 + 1 / 6, 1 / 3), (1 + 1 / 6, 1 + 1 / 3)]),  # it is shown twice
        ("Europe/Amsterdam", date(2026, 10, 25), "Sun 02:30-06:00", [(0.5, 1), (1.5, 5)]),
        ("America/New_York", date(2026, 11, 1), "Sun 00:00-24:00", [(4, 6), (6, 29)]),
        ("Asia/Makassar", date(2026, 10, 25), "Sun 02:30-06:00", [(-5.5, -2)]),
    ],
)
def test_hours_are_those_that_the_clock_shows_also_when_it_is_put_forward_or_back(
    memory: duckdb.DuckDBPyConnection, zone: str, day: date, hours: str, open_h: list[tuple[float, float]]
) -> None:
    """Hours from the UTC midnight of the day."""
    midnight = datetime.combine(day, time(), UTC)
    with emptied(memory, zone) as station:
        rolled(station, [Check("a", midnight, "up", 5)], replace(feed(zone), hours=service_hours.parse(hours)))
        found = memory.execute("select opens_at, closes_at from uptime.service_hours where day = $1 order by 1", [day]).fetchall()
        expected = [tuple(midnight + round(edge * 60) * MINUTE for edge in both) for both in open_h]
        assert [(opens_at.astimezone(UTC), closes_at.astimezone(UTC)) for opens_at, closes_at in found if opens_at is not None] == expected
        assert len(found) == max(len(open_h), 1)


def test_a_quarter_that_is_over_counts_to_its_end_be_its_monitor_dead_since(tmp_path: Path) -> None:
    """Watched for two days of October and then no more. While the quarter runs nobody can say what is to come; once it is over, all of it is unknown."""
    site = Site(tmp_path, replace(feed(), objective=0.9, hours=OFFICE), now=RECEIVED)
    site.bring("checks.csv", as_csv([Check("a", datetime(2026, 9, 30, 16, tzinfo=UTC) + number * HOUR, "up", 5) for number in range(48)]))
    site.roll_up()
    with site.warehouse.open_for_writing() as connection:
        service_quarter.reckon(connection, "2026-Q4", NOW)
        said = "select last_day, up_s, unknown_s, up_s + unknown_s + off_hours_s, coverage, verdict from uptime.service_quarter"
        assert connection.execute(said).fetchall() == [(date(2026, 10, 2), 2 * 8 * 3600, 0, 2 * 86400, 1, "met")]
        assert over(connection, NOW) == over(connection, datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == []
        assert over(connection, datetime(2026, 12, 31, 16, 1, tzinfo=UTC)) == over(connection, LATER) == ["2026-Q4"]
        service_quarter.reckon(connection, "2026-Q4", LATER)
        in_service = 65 * 8 * 3600  # 66 weekdays from October to December, of which one is Christmas
        assert connection.execute(said).fetchall() == [(date(2026, 12, 31), 2 * 8 * 3600, in_service - 2 * 8 * 3600, 92 * 86400, 2 / 65, "insufficient_data")]
        assert over(connection, LATER) == []


def over(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    return [row[0] for row in connection.execute(sql_of("assets.readiness", "over.sql"), {"now": now}).fetchall()]


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


# Incidents.


def failures(*hours_and_statuses: tuple[float, str]) -> list[Check]:
    return [Check("a", START + hours * HOUR, status, 5 if status == "up" else None) for hours, status in hours_and_statuses]


def quarter_counts(connection: duckdb.DuckDBPyConnection, period: str = "2026-Q4") -> list[tuple[int, int, int, float | None, float | None]]:
    service_quarter.reckon(connection, period, NOW)
    return connection.execute(
        "select incidents, incidents_merged, open_incidents, mttr_s, mtbf_s from uptime.service_quarter where period = $1", [period]
    ).fetchall()


def test_one_failed_check_is_no_incident_where_two_are_asked_for_and_its_time_counts_all_the_same(memory: duckdb.DuckDBPyConnection) -> None:
    checks = failures((0, "up"), (1, "down"), (2, "up"), (3, "down"), (4, "down"), (5, "up"))
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, replace(feed(), incident_after=2))
        assert incidents_of(memory) == [("a", START + 3 * HOUR, START + 5 * HOUR, 2 * 3600, False)]
        assert levels_of(memory)[0][2:4] == (2 * 3600, 3 * 3600)
        assert memory.execute("select failed_checks, is_incident from uptime.outage order by started_at").fetchall() == [(1, False), (2, True)]
        assert quarter_counts(memory) == [(1, 1, 0, 3 * 3600, 2 * 3600)]


def test_incidents_close_together_also_count_as_one(memory: duckdb.DuckDBPyConnection) -> None:
    checks = failures((0, "down"), (1, "up"), (1.05, "down"), (2, "up"), (2.1, "down"), (3, "up"))
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, replace(feed(), flapping_s=5 * 60))
        assert quarter_counts(memory)[0][:3] == (3, 2, 0)
        station.roll_up(replace(feed(), flapping_s=3 * 60))
        assert quarter_counts(memory)[0][:3] == (3, 3, 0)


def test_an_incident_over_the_end_of_a_quarter_counts_where_it_began_and_is_open_at_that_end(memory: duckdb.DuckDBPyConnection) -> None:
    last_evening = datetime(2026, 9, 30, 12, tzinfo=UTC)
    checks = [Check("a", last_evening, "down"), Check("a", last_evening + 10 * HOUR, "up", 5), Check("a", last_evening + 11 * HOUR, "down")]
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, feed())
        assert quarter_counts(memory, "2026-Q3") == [(1, 1, 1, 4 * 3600, 0)]
        assert quarter_counts(memory, "2026-Q4") == [(1, 1, 1, 6 * 3600, 3600)]


def test_an_incident_that_is_dated_back_into_a_quarter_before_counts_there(memory: duckdb.DuckDBPyConnection) -> None:
    its_feed = replace(feed(), incident_after=2)
    last_evening = datetime(2026, 9, 30, 12, tzinfo=UTC)
    with emptied(memory, "Asia/Makassar") as station:
        for number, checks in enumerate(
            ([Check("a", last_evening, "down"), Check("b", last_evening + 6 * HOUR, "up", 5)], [Check("a", last_evening + 8 * HOUR, "down")])
        ):
            due = station.promote(its_feed, checks, RECEIVED + number * HOUR)
            station.roll_up(its_feed)
            for period in due:
                service_quarter.reckon(memory, period, NOW)
        assert due == ("2026-Q4",)
        assert memory.execute("select period, incidents, open_incidents from uptime.service_quarter where service_id = 'a' order by period").fetchall() == [
            ("2026-Q3", 1, 1),
            ("2026-Q4", 0, 1),
        ]


# Burn rates.


def every(minutes: int, start: datetime, until: datetime, down_from: datetime) -> list[Check]:
    return [
        Check("a", start + number * minutes * MINUTE, "down" if start + number * minutes * MINUTE >= down_from else "up")
        for number in range((until - start) // (minutes * MINUTE) + 1)
    ]


@pytest.mark.parametrize(
    ("minutes", "windows_h"),
    [(1, [1, 6, 24, 72]), (2, [6, 24, 72]), (10, [6, 24, 72]), (15, [24, 72]), (60, [72]), (180, [])],
)
def test_windows_too_short_for_the_checks_are_left_out(memory: duckdb.DuckDBPyConnection, minutes: int, windows_h: list[int]) -> None:
    end = START + 96 * HOUR
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, every(minutes, START, end, end), feed())
        found = memory.execute("select long_window_s // 3600, probe_interval_s, burning, as_of from uptime.burn_rate order by 1").fetchall()
        assert [(hours, interval, burning, as_of.astimezone(UTC)) for hours, interval, burning, as_of in found] == [
            (hours, minutes * 60, False, end) for hours in windows_h
        ]


def test_an_outage_of_half_an_hour_burns_the_hours_budget_and_not_yet_the_days(memory: duckdb.DuckDBPyConnection) -> None:
    end = START + 96 * HOUR
    checks = every(1, START, end, end - 30 * MINUTE)
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, feed())
        rates = [(window_s // 3600, round(long, 6), round(short, 6), burning) for _, window_s, long, short, burning in burn_of(memory)]
        assert rates == [(1, 50, 100, True), (6, 8.333333, 100, True), (24, 2.083333, 25, False), (72, 0.694444, 8.333333, False)]
        station.roll_up(replace(feed(), maintenance=(window("a", end - HOUR, 1),)))
        assert [(window_s // 3600, long, short, burning) for _, window_s, long, short, burning in burn_of(memory)] == [
            (1, None, None, None),
            (6, 0, None, False),
            (24, 0, 0, False),
            (72, 0, 0, False),
        ]


def test_a_log_of_changes_with_two_of_them_close_together_is_no_frequent_probe(memory: duckdb.DuckDBPyConnection) -> None:
    checks = failures((0, "up"), (24, "down"), (47.9, "up"), (47.95, "down"), (48, "up"))
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, checks, feed())
        assert burn_of(memory) == []


def test_without_an_objective_nothing_burns(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        rolled(station, every(1, START, START + HOUR, START), replace(feed(), objective=None))
        assert burn_of(memory) == []


# Views.


def test_the_worst_service_has_the_least_budget_left_and_what_is_not_known_has_a_reason_instead_of_a_rank(memory: duckdb.DuckDBPyConnection) -> None:
    """The quarter begins with the first checks, so that two days are watched whole but for `d` (silent soon), `e` (never known) and `f` (no objective)."""
    start, end = datetime(2026, 9, 30, 16, tzinfo=UTC), datetime(2026, 10, 2, 16, tzinfo=UTC) - MINUTE
    down_h = {"a": 1, "b": 5, "c": 2}
    checks = [Check(service, start, "up") for service in "abcdf"] + [Check(service, end, "up") for service in "abcf"] + [Check("e", start, "unknown")]
    checks += [Check(service, start + HOUR, "down") for service in down_h]
    checks += [Check(service, start + (1 + hours) * HOUR, "up") for service, hours in down_h.items()]
    with emptied(memory, "Asia/Makassar") as station:
        generous = (Service("b", "b", objective=0.5), Service("f", "f"), *(Service(one, one, objective=0.99) for one in "acde"))
        rolled(station, checks, replace(feed(max_hold_s=50 * 3600, services=generous), objective=None))
        memory.execute("update uptime.service_day set up_s = 3600, unknown_s = unknown_s + up_s - 3600 where service_id = 'd'")
        service_quarter.reckon(memory, "2026-Q4", NOW)
        found = memory.execute("select service_id, rank, reason, verdict from uptime.worst_service order by rank nulls last, service_id").fetchall()
        assert found == [
            ("c", 1, None, "missed"),
            ("a", 2, None, "missed"),
            ("b", 3, None, "met"),
            ("d", None, "low_coverage", "insufficient_data"),
            ("e", None, "never_known", "insufficient_data"),
            ("f", None, "no_objective", "insufficient_data"),
        ]
