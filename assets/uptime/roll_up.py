"""Rolls the probe lake up to service-days and incidents: only the days that a change can have touched, or all when the settings changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from importlib.metadata import version

import duckdb

from assets.uptime import holiday, service_quarter
from expectations import derived, record
from warehouse import period as quarter
from warehouse.database import run_script, transaction
from warehouse.files import identifier, sql_of
from warehouse.lake import Lake
from warehouse.registry import Feed

METHOD = "roll_up 3"
BURN_WINDOW = timedelta(days=3)  # the longest of burn_rate.sql
MARGIN = timedelta(days=1)  # whatever zone a service's days are cut in, they begin within a day of the UTC day
STRETCH_CHECKS = 5_000_000


@dataclass(frozen=True)
class RollUp:
    """What was done for a feed: the first day that was reckoned again (None: nothing had changed), and the rows its tables have now."""

    feed_id: str
    from_day: date | None
    service_days: int
    incidents: int


def settings_fingerprint(feed: Feed) -> str:
    """Whatever of the settings the reckoning depends on, and the method."""
    own = (feed.government.code, feed.government.timezone, feed.max_hold_s, feed.objective, feed.incident_after, feed.flapping_s)
    said = (*own, feed.services, feed.maintenance, feed.hours)
    calendar = version("holidays") if holiday.are_needed(feed) else ""
    return identifier(METHOD, calendar, *(repr(value) for value in said))


def roll_up(connection: duckdb.DuckDBPyConnection, lake: Lake, feed: Feed) -> RollUp:
    """What is touched is taken back and reckoned again, and at the end the note of it removed: a run that is killed before leaves it to the next."""
    fingerprint = settings_fingerprint(feed)
    from_at = _touched_from(connection, feed, fingerprint)
    latest_at = _latest_check(connection, feed.id)
    from_day = None
    if from_at is not None and latest_at is not None:
        from_day = from_at.date() - MARGIN
        first_at = _first_check(connection, feed.id)
        _load_settings(connection, feed, range(first_at.year - 1, latest_at.year + 2))
        for stretch in _stretches(connection, feed.id, from_at):
            is_last = stretch.latest_at == latest_at
            with transaction(connection):  # DuckDB keeps what a transaction has dropped until it ends
                derived.forget(connection, judged_id(feed))  # until they are judged, the days keep the published file as it is
                _reckon(connection, lake, feed, stretch, first_at, is_last=is_last)
                if is_last:
                    connection.execute("delete from uptime.touched_day where feed_id = $1", [feed.id])
                    connection.execute("delete from uptime.rolled_up where feed_id = $1", [feed.id])
                    connection.execute("insert into uptime.rolled_up values ($1, $2, $3, $4)", [feed.id, fingerprint, latest_at, feed.flapping_s])
    counts = connection.execute(
        "select (select count(*) from uptime.service_day where feed_id = $1), (select count(*) from uptime.incident where feed_id = $1)", [feed.id]
    ).fetchone()
    assert counts is not None
    return RollUp(feed.id, from_day, int(counts[0]), int(counts[1]))


@dataclass(frozen=True)
class _Stretch:
    """What changed from `from_at` on, as if the lake ended with `last_day`, whose latest check is `latest_at`."""

    from_at: datetime
    last_day: date
    latest_at: datetime


def _stretches(connection: duckdb.DuckDBPyConnection, feed_id: str, from_at: datetime) -> list[_Stretch]:
    """Long histories are reckoned as if they had come in part by part, for the sake of memory: any split of the same checks gives the same."""
    stretches: list[_Stretch] = []
    checks, latest_at = 0, from_at
    days = connection.execute("select day, sum(rows)::bigint, max(last_at) from meta.lake_partition where feed_id = $1 group by day order by day", [feed_id])
    partitions = [(day, rows, last_at) for day, rows, last_at in days.fetchall() if last_at >= from_at]
    for number, (day, rows, last_at) in enumerate(partitions, start=1):
        checks, latest_at = checks + rows, max(latest_at, last_at)
        if checks >= STRETCH_CHECKS or number == len(partitions):
            stretches.append(_Stretch(stretches[-1].latest_at if stretches else from_at, day, latest_at))
            checks = 0
    return stretches


def _reckon(connection: duckdb.DuckDBPyConnection, lake: Lake, feed: Feed, stretch: _Stretch, first_at: datetime, *, is_last: bool) -> None:
    from_day = stretch.from_at.date() - MARGIN
    window_at = connection.execute(sql_of("assets.uptime", "outage_window.sql"), {"feed_id": feed.id, "from_at": stretch.from_at}).fetchone()
    assert window_at is not None
    reaching = datetime.combine(from_day, time(), UTC) - MARGIN  # whole days are reckoned again: what reaches into the first of them counts
    if is_last:
        reaching = min(reaching, stretch.latest_at - BURN_WINDOW - MARGIN)
    held_from = min(reaching - timedelta(seconds=feed.max_hold_s), window_at[0])
    parameters: dict[str, object] = {
        "feed_id": feed.id,
        "files": lake.files(connection, feed.id, held_from.date(), stretch.last_day),
        "government_code": feed.government.code,
        "objective": feed.objective,
        "timezone": feed.government.timezone,
        "max_hold_s": feed.max_hold_s,
        "incident_after": feed.incident_after,
        "first_at": first_at,
        "held_from": held_from,
        "from_at": stretch.from_at,
        "latest_at": stretch.latest_at,
    }
    run = partial(_run, connection, parameters)
    connection.execute("delete from uptime.service_day where feed_id = $1 and day >= $2", [feed.id, from_day])
    run("probe.sql")
    run("service.sql")
    run("maintenance.sql")
    run("service_hours.sql")
    run("span.sql", from_day=held_from.date() - MARGIN)
    run("hold.sql")
    run("service_day.sql", from_day=from_day)
    run("outage.sql")
    if is_last:
        run("burn_rate.sql")
    if feed.incident_after > 1:
        _reckon_quarters(connection, window_at[0].date() - MARGIN, stretch.from_at.date() + MARGIN)


def judged_id(feed: Feed) -> str:
    """What the invariants of a feed's service-days are kept under."""
    return f"service_day:{feed.id}"


def judge(connection: duckdb.DuckDBPyConnection, feed: Feed, done: RollUp) -> None:
    """Judge the days that were reckoned again (all, if a run was killed before it judged), under the run and time of the feed's newest batch, so that a
    rebuild says the same."""
    newest = connection.execute("select run_id, known_at from meta.batch where feed_id = $1 order by known_at desc limit 1", [feed.id]).fetchone()
    if newest is not None and not record.outcomes(connection, [judged_id(feed)]):
        judged = derived.Judged(judged_id(feed), newest[0], newest[1])
        derived.judge(connection, derived.SERVICE_DAY, {"feed_id": feed.id, "from_day": done.from_day or date.min}, judged)


def _touched_from(connection: duckdb.DuckDBPyConnection, feed: Feed, fingerprint: str) -> datetime | None:
    row = connection.execute("select settings_fingerprint from uptime.rolled_up where feed_id = $1", [feed.id]).fetchone()
    if row is None or row[0] != fingerprint:
        connection.execute("delete from uptime.service_day where feed_id = $1", [feed.id])
        connection.execute("delete from uptime.outage where feed_id = $1", [feed.id])
        first = connection.execute("select min(first_at) from meta.lake_partition where feed_id = $1", [feed.id]).fetchone()
    else:
        first = connection.execute("select min(from_at) from uptime.touched_day where feed_id = $1", [feed.id]).fetchone()
    return None if first is None else first[0]


def _first_check(connection: duckdb.DuckDBPyConnection, feed_id: str) -> datetime:
    row = connection.execute("select min(first_at) from meta.lake_partition where feed_id = $1", [feed_id]).fetchone()
    assert row is not None
    assert isinstance(row[0], datetime)
    return row[0]


def _latest_check(connection: duckdb.DuckDBPyConnection, feed_id: str) -> datetime | None:
    row = connection.execute("select max(last_at) from meta.lake_partition where feed_id = $1", [feed_id]).fetchone()
    return None if row is None else row[0]


def _run(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, object], name: str, **more: object) -> None:
    run_script(connection, sql_of("assets.uptime", name), {**parameters, **more})


def _reckon_quarters(connection: duckdb.DuckDBPyConnection, from_day: date, to_day: date) -> None:
    """Quarters that are reckoned already, anew: an incident that is dated back may have begun in one that no new check speaks of."""
    known = "select distinct period from uptime.service_quarter where period between $1 and $2 order by period"
    for row in connection.execute(known, [quarter.of_day(from_day), quarter.of_day(to_day)]).fetchall():
        service_quarter.write(connection, str(row[0]))


def _load_windows(connection: duckdb.DuckDBPyConnection, feed: Feed) -> None:
    """TEMP table `window_setting`: the feed's maintenance file."""
    connection.execute(
        "create or replace temp table window_setting "
        "(source_row bigint, service_id varchar, starts_at timestamptz, ends_at timestamptz, announced_at timestamptz, note varchar)"
    )
    for window in feed.maintenance:
        connection.execute(
            "insert into window_setting values ($1, $2, $3, $4, $5, $6)",
            [window.source_row, window.service, window.starts_at, window.ends_at, window.announced_at, window.note or None],
        )


def _load_hours(connection: duckdb.DuckDBPyConnection, feed: Feed, years: range) -> None:
    """TEMP tables `opening_setting` (service `*`: those of the feed), `own_hours` (services with hours of their own, even if those are `always`) and
    `holiday`."""
    connection.execute("create or replace temp table opening_setting (service_id varchar, weekday integer, opens_s integer, closes_s integer)")
    connection.execute("create or replace temp table own_hours (service_id varchar)")
    connection.execute("create or replace temp table holiday (day date, name varchar)")
    own = {service.id: service.hours for service in reversed(feed.services) if service.hours is not None}
    for service_id in own:
        connection.execute("insert into own_hours values ($1)", [service_id])
    for service_id, openings in {"*": feed.hours, **own}.items():
        for opening in openings:
            connection.execute("insert into opening_setting values ($1, $2, $3, $4)", [service_id, opening.weekday, opening.opens_s, opening.closes_s])
    if holiday.are_needed(feed):
        for day, name in holiday.public_holidays(years):
            connection.execute("insert into holiday values ($1, $2)", [day, name])


def _load_settings(connection: duckdb.DuckDBPyConnection, feed: Feed, years: range) -> None:
    """TEMP table `service_setting`: how services are called and whose they are; and what `_load_windows` and `_load_hours` load."""
    connection.execute(
        "create or replace temp table service_setting (match varchar, id varchar, name varchar, agency varchar, government varchar, objective double)"
    )
    for service in feed.services:
        connection.execute(
            "insert into service_setting values ($1, $2, $3, $4, $5, $6)",
            [service.match, service.id, service.name, service.agency, service.government, service.objective],
        )
    _load_windows(connection, feed)
    _load_hours(connection, feed, years)
