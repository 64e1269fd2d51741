"""One installation that watches services, in a folder: without Dagster, by a clock that the test moves."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assets import arrival
from assets.arrival import Arrive
from assets.uptime import prometheus, roll_up, uptime_kuma
from expectations.intake import Arrival, FeedOutcome, Reader, take_in
from pipelines.readers import reader_of
from tests.test_check_log import DayRow, days_of
from warehouse import reference
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind

NOON = datetime(2026, 9, 10, 12, tzinfo=UTC)


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
        return self.take_in(self.arrive(self.feed, self.archive, self.clock))

    def take_in(self, arriving: Arrival) -> FeedOutcome:
        run_id = f"run {time.monotonic_ns()}"
        outcome = take_in(self.warehouse, self.archive, self.feed, self.reader, arriving, run_id, self.clock, lambda message: None)
        with self.warehouse.open_for_writing() as connection:
            roll_up.roll_up(connection, self.lake, self.feed)
        return outcome

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

    def tables(self) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        return self.query("select * from uptime.service_day order by service_id, day"), self.query("select * from uptime.incident order by incident_id")

    def told(self, service: str) -> tuple[int, int]:
        """Seconds up and down, over all days."""
        ((up_s, down_s),) = self.query(f"select sum(up_s)::integer, sum(down_s)::integer from uptime.service_day where service_id = '{service}'")
        return up_s, down_s  # type: ignore[return-value]

    def extracts(self) -> list[str]:
        return [artifact.source_name for artifact in self.archive.artifacts("checks")]

    def set_aside(self) -> list[tuple[object, ...]]:
        return self.query("select distinct rule_id from quality.failed_row where severity = 'critical' order by all")
