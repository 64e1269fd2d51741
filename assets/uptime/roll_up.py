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
    """One transaction per feed: what is touched is taken back and reckoned again, and the note of it removed."""
    fingerprint = settings_fingerprint(feed)
    from_at = _touched_from(connection, feed, fingerprint)
    latest_at = _latest_check(connection, feed.id)
    if from_at is not None and latest_at is not None:
        margin = timedelta(days=1)  # whatever zone a service's days are cut in, they begin within a day of the UTC day
        from_day = from_at.date() - margin
        window_at = connection.execute(sql_of("assets.uptime", "outage_window.sql"), {"feed_id": feed.id, "from_at": from_at}).fetchone()
        assert window_at is not None
        days_from = datetime.combine(from_day, time(), UTC) - margin  # whole days are reckoned again: what reaches into the first of them counts
        burn_from = latest_at - BURN_WINDOW - margin
        held_from = min(min(days_from, burn_from) - timedelta(seconds=feed.max_hold_s), window_at[0])
        with transaction(connection):
            connection.execute("delete from uptime.service_day where feed_id = $1 and day >= $2", [feed.id, from_day])
            _load_checks(connection, lake, feed, held_from.date(), latest_at)
            first_at = _first_check(connection, feed.id)
            _load_windows(connection, feed)
            _load_hours(connection, feed, range(first_at.year - 1, latest_at.year + 2))
            parameters: dict[str, object] = {
                "feed_id": feed.id,
                "objective": feed.objective,
                "timezone": feed.government.timezone,
                "max_hold_s": feed.max_hold_s,
                "incident_after": feed.incident_after,
                "first_at": first_at,
                "from_at": from_at,
                "latest_at": latest_at,
            }
            run = partial(_run, connection, parameters)
            run("service.sql")
            run("maintenance.sql")
            run("service_hours.sql")
            run("span.sql", from_day=held_from.date() - margin)
            run("hold.sql")
            run("service_day.sql", from_day=from_day)
            run("outage.sql")
            run("burn_rate.sql")
            derived.forget(connection, judged_id(feed))  # until they are judged, the days keep the published file as it is
            connection.execute("delete from uptime.touched_day where feed_id = $1", [feed.id])
            connection.execute("delete from uptime.rolled_up where feed_id = $1", [feed.id])
            connection.execute("insert into uptime.rolled_up values ($1, $2, $3, $4)", [feed.id, fingerprint, latest_at, feed.flapping_s])
            if feed.incident_after > 1:
                _reckon_quarters(connection, window_at[0].date() - margin, from_at.date() + margin)
    else:
        from_day = None
    counts = connection.execute(
        "select (select count(*) from uptime.service_day where feed_id = $1), (select count(*) from uptime.incident where feed_id = $1)", [feed.id]
    ).fetchone()
    assert counts is not None
    return RollUp(feed.id, from_day, int(counts[0]), int(counts[1]))


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


def _load_checks(connection: duckdb.DuckDBPyConnection, lake: Lake, feed: Feed, from_day: date, latest_at: datetime) -> None:
    """TEMP tables `local_day` and `probe`: the feed's checks from a day on, under the names and owners that the settings give their services."""
    connection.execute(
        "create or replace temp table service_setting (match varchar, id varchar, name varchar, agency varchar, government varchar, objective double)"
    )
    for service in feed.services:
        connection.execute(
            "insert into service_setting values ($1, $2, $3, $4, $5, $6)",
            [service.match, service.id, service.name, service.agency, service.government, service.objective],
        )
    parameters = {
        "files": lake.files(connection, feed.id, from_day),
        "government_code": feed.government.code,
        "timezone": feed.government.timezone,
        "held_from": from_day,
        "latest_at": latest_at,
    }
    _run(connection, parameters, "probe.sql")
