"""Runs of equal checks, as they are found when a file of the lake is written: as one would find them by hand, and such that days are counted from them as if
each check had been looked at."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from assets.uptime import roll_up
from assets.uptime.engine import IN_DUCKDB, See
from pipelines import service_hours
from tests.site import HOUR, NOON, Site
from tests.test_check_log import MAKASSAR, MINUTE, RECEIVED, START, ZONES, Batches, Check, arrivals, as_csv, emptied, feed
from tests.test_service_levels import polled_checks, windows
from warehouse import database, lake_run, migrations, reference
from warehouse.lake import Lake
from warehouse.registry import Feed, Government, Service

MANY = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ABROAD = Government("98", "Contoh di luar negeri (data buatan)", "Europe/Berlin")


@dataclass(frozen=True)
class Row:
    """A check as a file of the lake has it, and what is compared with its neighbours."""

    service: str
    vantage: str
    checked_at: datetime
    status: str
    url: str | None
    certificate_expires_at: datetime | None


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    keys = draw(
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("-", "jkt")), st.integers(0, 40)), min_size=1, max_size=60, unique=True),
    )
    says = st.tuples(
        st.sampled_from(("up", "up", "down", "unknown", "maintenance")),
        st.sampled_from((None, "https://a.go.id/", "https://b.go.id/")),
        st.sampled_from((None, NOON, NOON + HOUR)),
    )
    return [Row(service, vantage, NOON + minute * MINUTE, *draw(says)) for service, vantage, minute in keys]


def table_of(checks: Sequence[Row]) -> pa.Table:
    columns = {name: [getattr(check, name) for check in checks] for name in Row.__dataclass_fields__}
    moment = pa.timestamp("us", "UTC")
    return pa.table(columns).cast(pa.schema([(name, moment if name.endswith("_at") else pa.string()) for name in columns]))


def runs_by_hand(checks: Sequence[Row], max_hold_s: int) -> list[tuple[object, ...]]:
    found = []
    for key, group in groupby(sorted(checks, key=lambda row: (row.service, row.vantage, row.checked_at)), lambda row: (row.service, row.vantage)):
        run: list[Row] = []
        for row in [*group, None]:
            if run and (row is None or row.status != run[-1].status or row.checked_at - run[-1].checked_at > timedelta(seconds=max_hold_s)):
                found.append((*key, run[0].status, run[0].checked_at, run[-1].checked_at, len(run)))
                run = []
            run += [] if row is None else [row]
    return sorted(found)


def targets_by_hand(checks: Sequence[Row]) -> dict[tuple[object, ...], tuple[datetime, datetime]]:
    found: dict[tuple[object, ...], list[datetime]] = {}
    for row in checks:
        found.setdefault((row.service, row.vantage, row.url, row.certificate_expires_at), []).append(row.checked_at)
    return {target: (min(seen), max(seen)) for target, seen in found.items()}


def found_runs(found: lake_run.Found) -> list[tuple[object, ...]]:
    return sorted(tuple(run.values()) for run in found.runs.drop_columns("max_hold_s").to_pylist())


def found_targets(found: lake_run.Found) -> dict[tuple[object, ...], tuple[datetime, datetime]]:
    seen: dict[tuple[object, ...], tuple[datetime, datetime]] = {}
    for *target, first_at, last_at in (row.values() for row in found.targets.to_pylist()):
        before = seen.get(tuple(target), (first_at, last_at))
        seen[tuple(target)] = min(before[0], first_at), max(before[1], last_at)
    return seen


@MANY
@given(checks=rows(), hold_minutes=st.integers(1, 45))
def test_runs_and_targets_are_those_found_by_hand(checks: list[Row], hold_minutes: int) -> None:
    with database.scratch() as connection:
        given_rows = table_of(checks)
        connection.register("given_rows", given_rows)
        sink = pa.BufferOutputStream()
        in_order = connection.sql("from given_rows order by service, checked_at, vantage").to_arrow_table()
        parquet.write_table(in_order, sink, row_group_size=7)
    found = lake_run.find(pa.BufferReader(sink.getvalue()), hold_minutes * 60)
    assert found_runs(found) == runs_by_hand(checks, hold_minutes * 60)
    assert found_targets(found) == targets_by_hand(checks)
    assert set(found.runs["max_hold_s"].to_pylist()) == {hold_minutes * 60}


@MANY
@given(checks=rows(), order=st.randoms())
def test_the_order_in_which_checks_lie_does_not_show(checks: list[Row], order: Random) -> None:
    mixed = list(checks)
    order.shuffle(mixed)
    sink = pa.BufferOutputStream()
    parquet.write_table(table_of(mixed), sink)
    found = lake_run.find(pa.BufferReader(sink.getvalue()), 600)
    assert found_runs(found) == runs_by_hand(checks, 600)
    assert found_targets(found) == targets_by_hand(checks)


def test_a_file_of_before_there_were_vantages_and_certificates_has_one_and_none() -> None:
    checks = [Row("a", "-", NOON + number * MINUTE, status, None, None) for number, status in enumerate(("up", "up", "down"))]
    sink = pa.BufferOutputStream()
    parquet.write_table(table_of(checks).select(["service", "checked_at", "status", "url"]), sink)
    found = lake_run.find(pa.BufferReader(sink.getvalue()), 600)
    assert found_runs(found) == runs_by_hand(checks, 600)
    assert found_targets(found) == targets_by_hand(checks)


def test_a_vantage_that_is_not_named_is_the_one_that_has_no_name() -> None:
    checks = [Row("a", vantage, NOON + number * MINUTE, "up", None, None) for number, vantage in enumerate(("-", "jkt", "-", "-"))]
    unnamed = table_of(checks).set_column(1, "vantage", pa.array(["-", "jkt", None, None]))
    sink = pa.BufferOutputStream()
    parquet.write_table(unnamed, sink)
    assert found_runs(lake_run.find(pa.BufferReader(sink.getvalue()), 600)) == runs_by_hand(checks, 600)


# From them to days.


class LookingAtEachCheck:
    """An engine that is told that no day stands as it is in a file: each check is sought its day, and runs are sought among them."""

    @contextmanager
    def open(self, connection: duckdb.DuckDBPyConnection, lake: Lake) -> Iterator[See]:
        with IN_DUCKDB.open(connection, lake) as in_duckdb:

            def see(files: Sequence[str]) -> None:
                connection.execute("update segment set is_whole = false, is_passed = true")
                in_duckdb(files)

            yield see


@pytest.fixture(scope="module")
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        reference.load(connection, (MAKASSAR, ABROAD))
        yield connection


@st.composite
def feeds(draw: st.DrawFn) -> Feed:
    hours = st.sampled_from(((), (), service_hours.parse("Mon-Fri 08:00-16:00")))
    services = [
        replace(Service(name, name), government=draw(st.sampled_from((None, None, ABROAD.code))), hours=draw(st.sampled_from((None, None, draw(hours)))))
        for name in draw(st.sets(st.sampled_from("abc")))
    ]
    if draw(st.booleans()):
        services = [replace(service, id="bersama", government=None, hours=None) for service in services]  # one service by several names
    announced = tuple(replace(window, source_row=row) for row, window in enumerate(draw(st.lists(windows(), max_size=2)), start=2))
    known = feed(max_hold_s=draw(st.sampled_from((60, 3600, 93_600))), services=tuple(services))
    return replace(known, maintenance=announced, incident_after=draw(st.sampled_from((1, 2))))


RECKONED = ("service_day", "outage", "burn_rate", "certificate", "maintenance", "service_hours", "target")


def reckoned(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    found = {table: connection.execute(f"from uptime.{table} order by all").fetchall() for table in RECKONED}
    return found | {"check_day": connection.execute("select * exclude (known_as) from uptime.check_day order by all").fetchall()}


@settings(MANY, max_examples=50)
@given(
    arrival=st.one_of(arrivals(), st.builds(lambda checks: Batches((tuple(checks),), (True,)), polled_checks())), zone=st.sampled_from(ZONES), its_feed=feeds()
)
def test_days_are_counted_from_runs_as_if_each_check_had_been_looked_at(memory: duckdb.DuckDBPyConnection, arrival: Batches, zone: str, its_feed: Feed) -> None:
    its_feed = replace(its_feed, government=replace(its_feed.government, timezone=zone))
    with emptied(memory, zone) as station:
        for number, (batch, rolls) in enumerate(zip(arrival.batches, arrival.rolled, strict=True)):
            station.promote(its_feed, batch, RECEIVED + number * HOUR)
            if rolls:
                station.roll_up(its_feed)
        station.roll_up(its_feed)
        found = reckoned(memory)
        memory.execute("delete from uptime.rolled_up")
        roll_up.roll_up(memory, station.lake, its_feed, LookingAtEachCheck())
        assert memory.execute("select count(*) from uptime.check_day where known_as is not null").fetchone() == (0,)
        assert reckoned(memory) == found


def test_a_day_that_is_one_file_is_known_by_it_and_one_that_is_cut_is_not(tmp_path: Path) -> None:
    office = Service("b", "b", hours=service_hours.parse("Mon-Sun 08:00-16:00"))
    site = Site(tmp_path, feed(services=(office, Service("c", "c", government=ABROAD.code))), now=RECEIVED)
    with site.warehouse.open_for_writing() as connection:
        reference.load(connection, (MAKASSAR, ABROAD))
    site.bring("checks.csv", as_csv([Check(service, START + number * HOUR, "up", 5) for service in "abc" for number in range(48)]))
    site.roll_up()
    assert site.query("select distinct service_id, known_as from uptime.check_day order by 1") == [("a", "a"), ("b", None), ("c", None)]
    assert site.query("select distinct service_id from uptime.check_run order by 1") == [("b",), ("c",)]


def test_runs_are_sought_anew_where_checks_speak_longer_or_less_long_than_before(tmp_path: Path) -> None:
    site = Site(tmp_path, feed(max_hold_s=3600), now=RECEIVED)
    site.bring("checks.csv", as_csv([Check("a", START + number * HOUR, "up", 5) for number in range(48)]))
    site.roll_up()
    runs = "select count(*), min(max_hold_s), max(max_hold_s) from meta.lake_run"
    assert site.query(runs) == [(3, 3600, 3600)]  # 48 hours touch three local days
    hourly = site.days()
    site.feed = feed(max_hold_s=1800)
    site.roll_up()
    assert site.query(runs) == [(48, 1800, 1800)]
    assert sum(day[2] for day in site.days()) == 47 * 1800
    site.feed = feed(max_hold_s=3600)
    site.roll_up()
    assert site.query(runs) == [(3, 3600, 3600)]
    assert site.days() == hourly


def test_a_home_of_before_runs_were_found_finds_them_and_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path, feed(), now=RECEIVED)
    site.bring("checks.csv", as_csv([Check("a", datetime(2026, 8, 31, tzinfo=UTC) + number * 6 * HOUR, "up", 5) for number in range(9)]))
    site.roll_up()
    before = site.tables()
    with site.warehouse.open_for_writing() as connection:
        for table in ("meta.lake_run", "meta.lake_target", "uptime.rolled_up"):
            connection.execute(f"delete from {table}")
        said: list[str] = []
        roll_up.roll_up(connection, site.lake, site.feed, progress=said.append)
    assert site.tables() == before
    assert said == ["checks: runs of equal checks are found anew in the files until 2026-09-02"]
