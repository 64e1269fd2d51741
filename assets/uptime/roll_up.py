"""Rolls the probe lake up to service-days and incidents: only what a change can have touched, or all when the settings changed. All is reckoned from runs of
equal checks, most of which were found when their file was written, and from latencies; for these, and for runs that days or spans cut, files that are new
are passed over once (roll_up.sql)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.metadata import version

import duckdb
import pyarrow as pa

from assets.uptime import holiday, service_quarter
from assets.uptime.engine import IN_DUCKDB, Engine, See
from expectations import derived, record
from expectations.intake import Clock, Progress
from warehouse import period as quarter
from warehouse.database import run_on_incoming, run_script, transaction
from warehouse.files import identifier, sql_of
from warehouse.lake import Lake
from warehouse.registry import Feed

METHOD = "roll_up 10"
BURN_WINDOW = timedelta(days=3)  # the longest of burn_rate.sql
MARGIN = timedelta(days=1)  # whatever zone a service's days are cut in, they begin within a day of the UTC day
REWRITTEN = ("ref.service", "uptime.maintenance", "uptime.service_hours", "uptime.burn_rate", "uptime.certificate", "uptime.touched_day")  # with each reckoning
STRETCH_CHECKS = 20_000_000  # long histories are passed over part by part, for the sake of memory


@dataclass(frozen=True)
class RollUp:
    """What was done for a feed: the first day that was reckoned again (None: nothing had changed), and the rows its tables have now."""

    feed_id: str
    from_day: date | None
    service_days: int
    incidents: int


def settings_fingerprint(connection: duckdb.DuckDBPyConnection, feed: Feed) -> str:
    """Whatever of the settings the reckoning depends on, and the method. A service may be another government's, in another zone."""
    governments = {service.government for service in feed.services if service.government is not None}
    zones = connection.execute("select code, timezone from ref.government where list_contains($1, code) order by code", [sorted(governments)]).fetchall()
    own = (feed.government.code, feed.government.timezone, feed.max_hold_s, feed.objective, feed.incident_after, feed.flapping_s)
    said = (*own, feed.services, feed.maintenance, feed.maintenance_cap_s, feed.hours, zones)
    calendar = version("holidays") if holiday.are_needed(feed) else ""
    return identifier(METHOD, calendar, *(repr(value) for value in said))


def roll_up(
    connection: duckdb.DuckDBPyConnection,
    lake: Lake,
    feed: Feed,
    engine: Engine = IN_DUCKDB,
    progress: Progress = lambda message: None,
    clock: Clock = lambda: datetime.now(UTC),
) -> RollUp:
    """What is touched is taken back and reckoned again, and at the end the note of it removed: a run that is killed before leaves it to the next."""
    fingerprint = settings_fingerprint(connection, feed)
    if _forget_other_settings(connection, feed, fingerprint):
        for day in lake.find_again(connection, feed):
            progress(f"{feed.id}: runs of equal checks are found anew in the files until {day}")
    stale = _stale_files(connection, feed.id)
    from_at = min((moment for moment in (_touched_from(connection, feed.id), *(file.first_at for file in stale)) if moment is not None), default=None)
    from_day = None
    closed = _closed(connection, feed.id)
    span = _span(connection, feed.id)
    if span is None:
        with transaction(connection):
            for table in REWRITTEN:
                connection.execute(f"delete from {table} where feed_id = $1", [feed.id])
    elif from_at is not None:
        from_day = from_at.date() - MARGIN
        if closed is not None:
            from_at, from_day = max(from_at, closed.last_at), max(from_day, closed.last_day + MARGIN)
        first_at, latest_at = span
        _load_settings(connection, feed, range(first_at.year - 1, latest_at.year + 2))
        run = partial(_run, connection, _parameters(feed, first_at, latest_at, closed))
        run("duckdb.sql")
        if stale:
            with engine.open(connection, lake) as see:
                for stretch in _stretches(stale):
                    with transaction(connection):  # DuckDB keeps what a transaction has dropped until it ends
                        derived.forget(connection, judged_id(feed))  # until they are judged, the days keep the published file as it is
                        _count(connection, see, feed, run, stretch)
                    if len(stretch) < len(stale):
                        progress(f"{feed.id}: checks until {stretch[-1].day} are counted, of those until {stale[-1].day}")
        with transaction(connection):
            derived.forget(connection, judged_id(feed))
            if not stale:  # else the last stretch knew them all
                _know_services(run)
            window_at = _reckon(connection, run, feed, from_at, from_day, latest_at)
            if feed.incident_after > 1:
                _reckon_quarters(connection, window_at.date() - MARGIN, from_at.date() + MARGIN, clock())
            connection.execute("delete from uptime.touched_day where feed_id = $1", [feed.id])
            connection.execute("delete from uptime.rolled_up where feed_id = $1", [feed.id])
            connection.execute("insert into uptime.rolled_up values ($1, $2, $3, $4)", [feed.id, fingerprint, latest_at, feed.flapping_s])
    counts = connection.execute(
        "select (select count(*) from uptime.service_day where feed_id = $1), (select count(*) from uptime.incident where feed_id = $1)", [feed.id]
    ).fetchone()
    assert counts is not None
    return RollUp(feed.id, from_day, int(counts[0]), int(counts[1]))


@dataclass(frozen=True)
class _StaleFile:
    """A file of the lake whose checks are not counted yet."""

    day: date
    file: str
    sha256: str
    rows: int
    first_at: datetime
    last_at: datetime


Run = Callable[..., None]


def _stretches(stale: Sequence[_StaleFile]) -> Iterator[list[_StaleFile]]:
    stretch: list[_StaleFile] = []
    for file in stale:
        if stretch and sum(one.rows for one in stretch) + file.rows > STRETCH_CHECKS:
            yield stretch
            stretch = []
        stretch.append(file)
    if stretch:
        yield stretch


def _count(connection: duckdb.DuckDBPyConnection, see: See, feed: Feed, run: Run, stretch: Sequence[_StaleFile]) -> None:
    """Days and runs of what these files speak of."""
    rows = pa.table(
        {
            "day": [file.day for file in stretch],
            "sha256": [file.sha256 for file in stretch],
            "first_at": [file.first_at for file in stretch],
            "last_at": [file.last_at for file in stretch],
        }
    )
    run_on_incoming(connection, rows, "create or replace temp table stale_file as select * from incoming")
    run("target.sql")
    _know_services(run)
    run("read_day.sql")
    files = [row[0] for row in connection.execute("select distinct file from file_of_day order by file").fetchall()]
    if files:
        days = connection.execute("select min(day), max(day) from read_day").fetchone()
        assert days is not None
        run("span.sql", from_day=days[0], last_day=days[1])
        run("segment.sql")
        see(files)
        run("checked.sql")
    connection.execute("delete from uptime.read_file using stale_file as stale where feed_id = $1 and read_file.day = stale.day", [feed.id])
    connection.execute("insert into uptime.read_file select $1, day, sha256 from stale_file", [feed.id])


def _know_services(run: Run) -> None:
    run("service.sql")
    run("local_day.sql")
    run("service_hours.sql")
    run("announced.sql")
    run("maintenance.sql")


def _reckon(connection: duckdb.DuckDBPyConnection, run: Run, feed: Feed, from_at: datetime, from_day: date, latest_at: datetime) -> datetime:
    """Returns since when outages were sought anew."""
    window_at = connection.execute(sql_of("assets.uptime", "outage_window.sql"), {"feed_id": feed.id, "from_at": from_at}).fetchone()
    assert window_at is not None
    reaching = timedelta(seconds=feed.max_hold_s) + 2 * MARGIN
    scope_day = min(from_day, window_at[0].date(), (latest_at - BURN_WINDOW).date()) - reaching
    run("span.sql", from_day=scope_day, last_day=latest_at.date() + MARGIN)
    run("piece.sql", scope_day=scope_day)
    connection.execute("delete from uptime.service_day where feed_id = $1 and day >= $2", [feed.id, from_day])
    run("service_day.sql", from_day=from_day)
    run("outage.sql", from_at=from_at)
    run("burn_rate.sql")
    run("certificate.sql")
    began_at: datetime = window_at[0]
    return began_at


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


def _forget_other_settings(connection: duckdb.DuckDBPyConnection, feed: Feed, fingerprint: str) -> bool:
    """What was reckoned by other settings, or by another method, is reckoned from the first check on. Says whether there is any."""
    row = connection.execute("select settings_fingerprint from uptime.rolled_up where feed_id = $1", [feed.id]).fetchone()
    if row is not None and row[0] == fingerprint:
        return False
    closed = _closed(connection, feed.id)
    last_day, last_at = (date.min, datetime.min.replace(tzinfo=UTC)) if closed is None else (closed.last_day, closed.last_at)
    with transaction(connection):
        derived.forget(connection, judged_id(feed))  # there may be no engine to reckon them by: until they are judged again, nothing is published
        if closed is None:
            connection.execute("delete from uptime.target where feed_id = $1", [feed.id])
        for table in ("check_day", "check_run"):
            connection.execute(f"delete from uptime.{table} where feed_id = $1 and day > $2", [feed.id, last_day + MARGIN])
        connection.execute("delete from uptime.read_file where feed_id = $1", [feed.id])
        connection.execute("delete from uptime.service_day where feed_id = $1 and day > $2", [feed.id, last_day])
        connection.execute("delete from uptime.outage where feed_id = $1 and started_at > $2", [feed.id, last_at])
    return True


def _stale_files(connection: duckdb.DuckDBPyConnection, feed_id: str) -> list[_StaleFile]:
    rows = connection.execute(
        """
        select listed.day, listed.file, listed.sha256, listed.rows, listed.first_at, listed.last_at
        from meta.lake_partition as listed
        anti join uptime.read_file as known on known.feed_id = listed.feed_id and known.day = listed.day and known.sha256 = listed.sha256
        where listed.feed_id = $1
        order by listed.day
        """,
        [feed_id],
    ).fetchall()
    return [_StaleFile(*row) for row in rows]


def _touched_from(connection: duckdb.DuckDBPyConnection, feed_id: str) -> datetime | None:
    row = connection.execute("select min(from_at) from uptime.touched_day where feed_id = $1", [feed_id]).fetchone()
    return None if row is None else row[0]


def _span(connection: duckdb.DuckDBPyConnection, feed_id: str) -> tuple[datetime, datetime] | None:
    """The feed's first and latest check, kept or not; none, where no check counts."""
    row = connection.execute(
        """
        select min(first_at), max(last_at)
        from (select feed_id, first_at, last_at from meta.lake_partition union all by name select feed_id, first_at, last_at from meta.lake_deletion)
        where feed_id = $1
        """,
        [feed_id],
    ).fetchone()
    return None if row is None or row[0] is None else (row[0], row[1])


@dataclass(frozen=True)
class _Closed:
    """The last day whose checks were let go of, and the last of these."""

    last_day: date
    last_at: datetime


def _closed(connection: duckdb.DuckDBPyConnection, feed_id: str) -> _Closed | None:
    row = connection.execute("select max(day), max(last_at) from meta.lake_deletion where feed_id = $1", [feed_id]).fetchone()
    return None if row is None or row[0] is None else _Closed(row[0], row[1])


def _parameters(feed: Feed, first_at: datetime, latest_at: datetime, closed: _Closed | None) -> dict[str, object]:
    return {
        "feed_id": feed.id,
        "government_code": feed.government.code,
        "objective": feed.objective,
        "timezone": feed.government.timezone,
        "max_hold_s": feed.max_hold_s,
        "maintenance_cap_s": feed.maintenance_cap_s,
        "incident_after": feed.incident_after,
        "first_at": first_at,
        "latest_at": latest_at,
        "last_day": latest_at.date() + MARGIN,
        "closed_at": None if closed is None else closed.last_at,
    }


def _run(connection: duckdb.DuckDBPyConnection, parameters: Mapping[str, object], name: str, **more: object) -> None:
    run_script(connection, sql_of("assets.uptime", name), {**parameters, **more})


def _reckon_quarters(connection: duckdb.DuckDBPyConnection, from_day: date, to_day: date, now: datetime) -> None:
    """Quarters that are reckoned already, anew: an incident that is dated back may have begun in one that no new check speaks of."""
    known = "select distinct period from uptime.service_quarter where period between $1 and $2 order by period"
    for row in connection.execute(known, [quarter.of_day(from_day), quarter.of_day(to_day)]).fetchall():
        service_quarter.write(connection, str(row[0]), now)


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
        "create or replace temp table service_setting "
        "(match varchar, id varchar, name varchar, agency varchar, government varchar, objective double, maintenance_cap_s bigint)"
    )
    for service in feed.services:
        connection.execute(
            "insert into service_setting values ($1, $2, $3, $4, $5, $6, $7)",
            [service.match, service.id, service.name, service.agency, service.government, service.objective, service.maintenance_cap_s],
        )
    _load_windows(connection, feed)
    _load_hours(connection, feed, years)
