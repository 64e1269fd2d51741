"""One installation that watches services, in a folder: without Dagster, by a clock that the test moves."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from assets import arrival
from assets.arrival import Arrive
from assets.uptime import lake_day, prometheus, roll_up, uptime_kuma
from expectations.intake import Arrival, FeedOutcome, Reader, take_in
from pipelines.readers import reader_of
from warehouse import reference
from warehouse.archive import Archive, Artifact
from warehouse.database import Warehouse
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind

HOUR = timedelta(hours=1)
NOON = datetime(2026, 9, 10, 12, tzinfo=UTC)

ROLLED_UP = (
    "uptime.service_day",
    "uptime.outage",
    "uptime.burn_rate",
    "uptime.certificate",
    "meta.lake_run",
    "meta.lake_target",
    "uptime.check_day",
    "uptime.check_run",
    "uptime.target",
    "uptime.maintenance",
    "uptime.service_hours",
    "ref.service",
    "uptime.rolled_up",
    "uptime.touched_day",
)

DayRow = tuple[str, date, int, int, int, int, int, int]
IncidentRow = tuple[str, datetime, datetime | None, int, bool]


def days_of(connection: duckdb.DuckDBPyConnection) -> list[DayRow]:
    return connection.execute(
        "select service_id, day, up_s, down_s, unknown_s, maintenance_s, checks, failed_checks from uptime.service_day order by service_id, day"
    ).fetchall()


def incidents_of(connection: duckdb.DuckDBPyConnection) -> list[IncidentRow]:
    rows = connection.execute("select service_id, started_at, ended_at, duration_s, is_open from uptime.incident order by service_id, started_at").fetchall()
    return [(service, started.astimezone(UTC), ended and ended.astimezone(UTC), duration, is_open) for service, started, ended, duration, is_open in rows]


def whole_tables(connection: duckdb.DuckDBPyConnection) -> list[list[tuple[object, ...]]]:
    """Every column, latencies and ids too."""
    return [connection.execute(f"select * from {table} order by all").fetchall() for table in ROLLED_UP]


@dataclass
class Site:
    root: Path
    feed: Feed
    now: datetime = NOON
    ticks: int = 0

    def __post_init__(self) -> None:
        self.archive = Archive(self.root / "archive")
        self.lake = Lake(self.root / "lake")
        self.warehouse = Warehouse(self.root / "warehouse.duckdb")
        with self.warehouse.open_for_writing() as connection:
            reference.load(connection, (self.feed.government,))

    @property
    def reader(self) -> Reader:
        return reader_of(self.feed, self.lake)

    @property
    def arrive(self) -> Arrive:
        match self.feed.kind:
            case FeedKind.PROMETHEUS:
                return prometheus.arrive_from(self.warehouse)
            case FeedKind.UPTIME_KUMA:
                return uptime_kuma.arrive_from(self.warehouse)
            case _:
                return arrival.arrive

    def clock(self) -> datetime:
        """No two things happen at the same moment."""
        self.ticks += 1
        return self.now + timedelta(microseconds=self.ticks)

    def refresh(self) -> FeedOutcome:
        """As the feed's asset and the roll-up after it do."""
        outcome = self._take_in(self.arrive(self.feed, self.archive, self.clock))
        self.roll_up()
        return outcome

    def bring(self, name: str, data: bytes) -> FeedOutcome:
        """A file comes in, an hour later."""
        self.now += HOUR
        return self.take_in([self.archive.store(self.feed.id, name, data, self.now)])

    def take_in(self, present: Sequence[Artifact]) -> FeedOutcome:
        return self._take_in(Arrival(list(present)))

    def _take_in(self, arriving: Arrival) -> FeedOutcome:
        run_id = f"run {time.monotonic_ns()}"
        outcome = take_in(self.warehouse, self.archive, self.feed, self.reader, arriving, run_id, self.clock, lambda message: None)
        lake_day.settle(self.warehouse, self.archive, self.lake, self.feed, self.reader, lambda message: None)
        return outcome

    def roll_up(self) -> roll_up.RollUp:
        with self.warehouse.open_for_writing() as connection:
            return roll_up.roll_up(connection, self.lake, self.feed, clock=self.clock)

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with self.warehouse.open_for_reading() as connection:
            return connection.execute(statement).fetchall()

    def checks(self, columns: str, grouped: str = "") -> list[tuple[object, ...]]:
        """Of the checks that count, each combination of values once."""
        with self.warehouse.open_for_reading() as connection:
            files = self.lake.files(connection, self.feed.id)
            statement = f"select distinct {columns} from read_parquet($1, hive_partitioning = false, union_by_name = true) {grouped} order by all"
            return connection.execute(statement, [files]).fetchall()

    def days(self) -> list[DayRow]:
        with self.warehouse.open_for_reading() as connection:
            return days_of(connection)

    def tables(self) -> list[list[tuple[object, ...]]]:
        with self.warehouse.open_for_reading() as connection:
            return whole_tables(connection)

    def levels(self) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        """What is published: equal where monitors say the same in other words."""
        return self.query("select * from uptime.service_day order by service_id, day"), self.query("select * from uptime.incident order by incident_id")

    def told(self, service: str) -> tuple[int, int]:
        """Seconds up and down, over all days."""
        ((up_s, down_s),) = self.query(f"select sum(up_s)::integer, sum(down_s)::integer from uptime.service_day where service_id = '{service}'")
        return up_s, down_s  # type: ignore[return-value]

    def extracts(self) -> list[str]:
        return [artifact.source_name for artifact in self.archive.artifacts("checks")]

    def set_aside(self) -> list[tuple[object, ...]]:
        return self.query("select distinct rule_id from quality.failed_row where severity = 'critical' order by all")
