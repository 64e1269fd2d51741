"""The roll-up on a real Spark cluster: days, incidents and burn rates come out as DuckDB alone has them, in every column; and what an operator is told when
there is no Spark to be had."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
import duckdb
import pytest

from assets.uptime import roll_up, spark
from assets.uptime.assets import build_uptime_assets
from assets.uptime.engine import IN_DUCKDB, Engine, See
from assets.uptime.spark import Spark, SparkUnavailable
from pipelines import doctor
from pipelines.partitions import QUARTERS
from pipelines.resources import build_resources
from pipelines.settings import Settings
from tests.conftest import ROOT
from tests.monitor import free_port
from tests.site import HOUR, Site
from tests.spark_cluster import NEEDS_SPARK, Cluster, cluster
from tests.test_check_log import RECEIVED, START, Check, as_csv, feed
from tests.waiting import wait_until
from warehouse import reference
from warehouse.database import Warehouse, scratch
from warehouse.home import Home
from warehouse.lake import Lake, LakeFile
from warehouse.registry import Feed, FeedKind, Government, MaintenanceWindow, Opening, Service

GOVERNMENTS = (
    Government("99", "Contoh (data buatan)", "Asia/Makassar"),
    Government("99.01", "Contoh di timur", "Asia/Jayapura"),  # its days begin an hour before the feed's: each is in two files
    Government("99.02", "Contoh jauh", "Europe/Berlin"),  # its summer time ends within these days
)
OFFICE = tuple(Opening(weekday, 8 * 3600, 16 * 3600) for weekday in range(1, 6))
FIRST_DAY = date(2026, 10, 5)
DAYS = 31
MONITORS = 18
SERVICES = (
    *(Service(f"generated-99-{number:02d}", f"timur-{number}", government="99.01") for number in (1, 2, 3)),
    *(Service(f"generated-99-{number:02d}", f"jauh-{number}", government="99.02") for number in (4, 5, 6)),
    Service("generated-99-07", "berpindah", hours=OFFICE),
    Service("generated-99-08", "berpindah", hours=OFFICE),  # one service by two names
    Service("generated-99-09", "ketat", objective=0.999),
)


def window(service: str, day: int, hour: int, hours: int) -> MaintenanceWindow:
    starts_at = datetime(2026, 10, day, hour, tzinfo=UTC)
    return MaintenanceWindow(service, starts_at, starts_at + timedelta(hours=hours), starts_at - timedelta(days=2), "pemeliharaan", day)


FEED = Feed(
    "generated",
    FeedKind.CHECK_LOG,
    GOVERNMENTS[0],
    path=Path("none"),
    max_hold_s=150,
    objective=0.99,
    services=SERVICES,
    maintenance=(window("*", 10, 14, 4), window("timur-1", 20, 13, 6), window("ketat", 24, 20, 9)),
    incident_after=3,
    flapping_s=600,
)


def generate(lake: Lake, day: date, version: int) -> LakeFile:
    generated = (ROOT / "tests" / "spark_check.sql").read_text(encoding="utf-8")
    with scratch() as connection:
        checks = connection.sql(generated, params={"day": day, "monitors": MONITORS, "version": version})
        if day < FIRST_DAY + timedelta(days=3):  # as files from before these columns
            checks = checks.filter("vantage = '-'").project("* exclude (vantage, certificate_expires_at)")
        return lake.write(FEED, day, checks)


class Twin:
    """Two warehouses over one lake; only the engine differs."""

    def __init__(self, folder: Path, master: str) -> None:
        self.lake = Lake(folder / "lake {1}")  # Spark would take such a path for a pattern
        self.engines: dict[str, Engine] = {"duckdb": IN_DUCKDB, "spark": Spark(master)}
        self.warehouses = {name: Warehouse(folder / name / "warehouse.duckdb") for name in self.engines}

    def write(self, files: list[LakeFile]) -> None:
        for warehouse in self.warehouses.values():
            with warehouse.open_for_writing() as connection:
                reference.load(connection, GOVERNMENTS)
                for file in files:
                    self.lake.list_in_manifest(connection, file)

    def roll_up(self, name: str) -> tuple[roll_up.RollUp, dict[str, list[tuple[Any, ...]]]]:
        """What was done, and every row of every table that holds what was reckoned."""
        with self.warehouses[name].open_for_writing() as connection:
            done = roll_up.roll_up(connection, self.lake, FEED, self.engines[name])
            names = connection.execute("select table_name from duckdb_tables() where schema_name = 'uptime' and not temporary order by 1").fetchall()
            tables = [*(f"uptime.{row[0]}" for row in names), "ref.service"]
            return done, {table: connection.execute(f"select * from {table} order by all").fetchall() for table in tables}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("spark")) as found:
        yield found


@NEEDS_SPARK
def test_spark_finds_in_every_column_what_duckdb_finds(running: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.sql import SparkSession

    given: list[str] = []
    ask = SparkSession.sql
    monkeypatch.setattr(SparkSession, "sql", lambda session, statement: (given.append(statement), ask(session, statement))[1])
    twin = Twin(tmp_path, running.master)
    files = [generate(twin.lake, FIRST_DAY + timedelta(days=number), version=1) for number in range(DAYS)]
    assert sum(file.rows for file in files) >= 1_000_000
    twin.write(files)
    done, expected = twin.roll_up("duckdb")
    assert done.from_day is not None
    found = twin.roll_up("spark")
    assert found[0] == done
    for table in ("target", "check_day", "check_run", "service_day", "outage", "burn_rate", "maintenance", "service_hours"):
        assert expected[f"uptime.{table}"], table
    for table, rows in expected.items():
        assert found[1][table] == rows, table

    # Two days come in again, corrected, and are taken up one by one: their neighbours' files are read with them, the others are not.
    monkeypatch.setattr(roll_up, "STRETCH_CHECKS", 1)
    twin.write([generate(twin.lake, FIRST_DAY + timedelta(days=number), version=2) for number in (15, 20)])
    again, corrected = twin.roll_up("duckdb")
    assert again.from_day is not None
    assert again.from_day > FIRST_DAY + timedelta(days=10)
    assert corrected["uptime.check_day"] != expected["uptime.check_day"]
    assert twin.roll_up("spark") == (again, corrected)

    script = (ROOT / "assets" / "uptime" / "roll_up.sql").read_text(encoding="utf-8")
    assert code_of(";\n".join(given)) == 3 * code_of(script)  # three stretches
    first, second = running.records_read()
    assert first.keys() == {"one", "two"}
    assert min(first.values()) > 100_000, first
    assert second.total() < first.total() / 4


def code_of(script: str) -> list[str]:
    return [words for line in script.splitlines() if not line.startswith("--") and (words := line.strip().strip(";"))]


@dataclass(frozen=True)
class Losing:
    """Spark whose workers are gone once the days are being counted."""

    cluster: Cluster
    patch: pytest.MonkeyPatch

    @contextmanager
    def open(self, connection: duckdb.DuckDBPyConnection, lake: Lake) -> Iterator[See]:
        with Spark(self.cluster.master).open(connection, lake) as on_spark:

            def see(files: Sequence[str]) -> None:
                losing = Thread(target=self._lose)
                losing.start()
                try:
                    on_spark(files)
                finally:
                    losing.join()

            yield see

    def _lose(self) -> None:
        from pyspark.sql import SparkSession

        session = SparkSession._instantiatedSession
        assert session is not None
        tracker = session.sparkContext.statusTracker()
        wait_until("work for Spark's workers", lambda: bool(tracker.getActiveJobsIds()), 60)
        self.patch.setattr(spark, "WORKER_S", 2)
        self.cluster.kill_workers()


@NEEDS_SPARK
def test_workers_that_are_lost_during_a_pass_are_not_waited_for_for_ever(running: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Twin(tmp_path, running.master)
    twin.engines["spark"] = Losing(running, monkeypatch)
    twin.write([generate(twin.lake, FIRST_DAY + timedelta(days=number), version=1) for number in range(DAYS)])
    try:
        with pytest.raises(SparkUnavailable, match=r"all workers of spark://127\.0\.0\.1:\d+ were lost, and none came back within 2 s; start one"):
            twin.roll_up("spark")
    finally:
        running.start_workers()
    twin.engines["spark"] = IN_DUCKDB
    assert twin.roll_up("spark") == twin.roll_up("duckdb")


@NEEDS_SPARK
def test_a_cluster_without_room_is_not_waited_for_for_ever(running: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "WORKER_S", 1)
    without = {"spark.executor.memory": "64g", "spark.scheduler.minRegisteredResourcesRatio": "0", "spark.eventLog.enabled": "false"}
    monkeypatch.setattr(spark, "OPTIONS", spark.OPTIONS | without)
    with pytest.raises(SparkUnavailable, match=r"no worker of spark://127\.0\.0\.1:\d+ took the work within 1 s; start one"):
        Spark(running.master)._start()


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning")
@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("pyspark", r"pyspark is not installed; run `make spark`, or pip install 'kesiapan\[spark\]'"),
        ("java", "there is no Java; install Java 17"),
        ("master", r"no master answers at spark://127\.0\.0\.1:\d+ \(Connection refused\); start it, or correct roll_up\.master"),
    ],
)
def test_without_spark_it_is_said_what_is_missing_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, said: str) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda name: None if missing == "pyspark" else name)
    monkeypatch.setattr(spark, "which", lambda name: None if missing == "java" else name)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    site = Site(tmp_path, feed(), now=RECEIVED)
    site.bring("checks.csv", as_csv([Check("a", START, "up", 5), Check("a", START + HOUR, "down")]))
    loaded = Settings(Home(tmp_path), tmp_path / "sources.toml", (site.feed.government,), (site.feed,), Spark(f"spark://127.0.0.1:{free_port()}"))
    assert [(finding.what, finding.is_wrong) for finding in doctor.engine(loaded)] == [("roll-up on Spark", True)]
    with pytest.raises(SparkUnavailable, match=said):
        roll_up_by_asset(site, loaded)
    assert site.days() == []
    roll_up_by_asset(site, replace(loaded, engine=IN_DUCKDB))
    assert [(day[2], day[6]) for day in site.days()] == [(3600, 2)]


def roll_up_by_asset(site: Site, loaded: Settings) -> None:
    """As a run does it, with what the settings give to runs."""
    *_, service_day, _ = build_uptime_assets(loaded.feeds, QUARTERS)
    resources = build_resources(loaded) | {"warehouse": site.warehouse}
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([service_day], instance=instance, resources=resources)


class Interrupted(Exception):
    pass


def interrupted(*_: object) -> None:
    raise Interrupted


class Breaking:
    """An engine that is gone when the days are to be counted."""

    @contextmanager
    def open(self, connection: duckdb.DuckDBPyConnection, lake: Lake) -> Iterator[See]:
        yield interrupted


def test_an_engine_that_breaks_down_leaves_all_as_it_was(tmp_path: Path) -> None:
    site = Site(tmp_path, feed(), now=RECEIVED)
    site.bring("checks.csv", as_csv([Check("a", START, "up", 5), Check("a", START + HOUR, "down")]))
    site.roll_up()
    site.bring("more.csv", as_csv([Check("b", START + HOUR, "up", 5)]))
    touched = site.tables()
    for _ in range(2):
        with site.warehouse.open_for_writing() as connection, pytest.raises(Interrupted):
            roll_up.roll_up(connection, site.lake, site.feed, Breaking())
        assert site.tables() == touched
    assert [day for day in site.days() if day[0] == "b"] == []
    site.roll_up()
    assert [day[6] for day in site.days()] == [2, 1]


def test_days_that_are_counted_but_not_reckoned_are_reckoned_by_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sites = [Site(tmp_path / name, replace(FEED, id="checks", services=(Service("a", "kantor", hours=OFFICE),)), now=RECEIVED) for name in ("one", "two")]
    for site in sites:
        site.bring("checks.csv", as_csv([Check(service, START + number * HOUR, "up", 5) for service in "ab" for number in range(40)]))
    whole, broken = sites
    whole.roll_up()
    with monkeypatch.context() as patch:
        patch.setattr(roll_up, "_reckon", interrupted)
        with pytest.raises(Interrupted):
            broken.roll_up()
    assert broken.days() == []
    broken.roll_up()
    assert broken.tables() == whole.tables()
