"""Feeds of kind uptime_kuma: what an Uptime Kuma has seen comes out as service-days, whatever state its database is in, and none of its secrets comes
along. The databases are made up here, with the tables of Kuma 1.23 and 2.0; nothing in them is a measurement."""

import io
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import duckdb
import pyarrow.parquet as pa_parquet
import pytest
from hypothesis import HealthCheck, given, settings

from assets.uptime import uptime_kuma
from expectations.intake import Unreadable
from pipelines.settings import SettingsError, read_sources
from tests.conftest import ROOT, kesiapan, published
from tests.site import NOON, Site, days_of, incidents_of
from tests.test_check_log import Check, as_csv, check_sets, reckon
from warehouse.archive import Artifact
from warehouse.registry import Feed, FeedKind, Government, Service

SAMPLE = ROOT / "samples" / "uptime" / "kalbar_checks.csv"
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
HOLD_S = 150  # two and a half intervals of a minute
MAKASSAR = Government("99", "Contoh", "Asia/Makassar")
DINKES = "Dinas Kesehatan"
SECRET = "rahasia-7"
ARTIFACT = Artifact("0" * 64, 0, "application/octet-stream", "checks", "heartbeat 2026-09-10", NOON)
NUMBER = {"down": 0, "up": 1, "unknown": 2, "maintenance": 3}  # of a status in Kuma
DOWN, UP, PENDING, MAINTENANCE = range(4)

# The tables in Kuma's own names and types; of `monitor`, the columns that are read and those that hold what nobody else may see.
MONITOR = """
    id integer not null primary key autoincrement, name varchar(150), active boolean not null default 1, user_id integer, interval integer default 20 not null,
    url text, type varchar(20), hostname varchar(255), port integer, created_date datetime not null default (datetime('now')), keyword varchar(255),
    push_token {push_token}, body text, headers text, basic_auth_user text, basic_auth_pass text, database_connection_string varchar(2000),
    radius_secret varchar(255), mqtt_password varchar(255), parent integer references monitor (id) on delete set null on update cascade,
    oauth_client_secret text
"""
HEARTBEAT = """
    id integer not null primary key autoincrement, important boolean not null default 0,
    monitor_id integer not null references monitor (id) on delete cascade on update cascade,
    status smallint not null, msg text, time datetime not null, ping {ping}, duration integer not null default 0, down_count integer not null default 0
"""
OTHERS = """
    create table user (id integer primary key autoincrement, username varchar(255) not null, password varchar(255));
    create table notification (id integer primary key autoincrement, name varchar(255), config text);
    create table setting (id integer primary key autoincrement, key varchar(200) not null, value text);
    create table monitor_tls_info (
        id integer not null primary key autoincrement, monitor_id integer not null references monitor (id) on delete cascade on update cascade, info_json text
    );
    create index monitor_id on heartbeat (monitor_id);
    create index monitor_time_index on heartbeat (monitor_id, time);
"""
KUMA_1 = (
    f"create table monitor ({MONITOR.format(push_token='varchar(20)')}); create table heartbeat ({HEARTBEAT.format(ping='integer')}); {OTHERS}"
    "create index monitor_important_time_index on heartbeat (monitor_id, important, time);"
)
KUMA_2 = (
    f"create table monitor ({MONITOR.format(push_token='varchar(32)')}, conditions text not null default '[]', manual_status integer, rabbitmq_password text);"
    f"create table heartbeat ({HEARTBEAT.format(ping='bigint')}, end_time datetime, retries integer not null default 0, response text); {OTHERS}"
    "create index monitor_important_time_index on heartbeat (monitor_id, time desc) where important = 1;"
    "create table stat_minutely (id integer primary key autoincrement, monitor_id integer not null, timestamp integer not null, up integer, down integer);"
)


@dataclass
class Kuma:
    """An Uptime Kuma's database, made up, and open as Kuma keeps it."""

    path: Path
    tables: str = KUMA_2
    journal: str = "wal"
    connection: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = sqlite3.connect(self.path, isolation_level=None, timeout=0.1)
        self.connection.execute(f"pragma journal_mode = {self.journal}")
        self.connection.executescript(f"pragma foreign_keys = on; {self.tables}")

    def do(self, statement: str, *parameters: object) -> int:
        return self.connection.execute(statement, parameters).lastrowid or 0

    def monitor(self, name: str | None = DINKES, kind: str = "http", url: str | None = "https://dinkes.contoh.go.id", **more: object) -> int:
        columns = {"name": name, "type": kind, "url": url} | more
        return self.do(f"insert into monitor ({', '.join(columns)}) values ({', '.join('?' * len(columns))})", *columns.values())

    def beat(self, monitor: int, at: datetime | str | int, status: int = UP, ping: int | float | None = 120) -> int:
        written = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}" if isinstance(at, datetime) else at
        return self.do("insert into heartbeat (monitor_id, time, status, msg, ping) values (?, ?, ?, ?, ?)", monitor, written, status, "200 - OK", ping)

    def minutes(self, monitor: int, start: datetime, count: int, status: int = UP, ping: int | None = 120) -> None:
        self.do("begin")
        for number in range(count):
            self.beat(monitor, start + number * MINUTE, status, ping)
        self.do("commit")

    def certificate(self, monitor: int, valid_to: object, **more: object) -> None:
        """As Kuma notes the certificate that it saw last: one row a monitor."""
        noted = {"valid": True, "certInfo": {"subject": {"CN": "contoh.go.id"}, "validTo": valid_to, "daysRemaining": 90, "certType": "server"} | more}
        self.note(monitor, json.dumps(noted))

    def note(self, monitor: int, text: str | None) -> None:
        self.do("delete from monitor_tls_info where monitor_id = ?", monitor)
        self.do("insert into monitor_tls_info (monitor_id, info_json) values (?, ?)", monitor, text)

    def close(self) -> None:
        self.connection.close()

    def beside(self) -> list[str]:
        return sorted(path.name for path in self.path.parent.glob("kuma.db*"))


def feed(path: Path, **more: object) -> Feed:
    known = Feed("checks", FeedKind.UPTIME_KUMA, MAKASSAR, path=path, max_hold_s=HOLD_S, objective=0.99, declared="sources.toml:9: feed.path")
    return replace(known, **more)  # type: ignore[arg-type]


@pytest.fixture
def kuma(tmp_path: Path) -> Iterator[Kuma]:
    (tmp_path / "kuma").mkdir()
    made = Kuma(tmp_path / "kuma" / "kuma.db")
    yield made
    made.close()


@pytest.fixture
def site(kuma: Kuma, tmp_path: Path) -> Site:
    return Site(tmp_path, feed(kuma.path))


# What it has seen.


def by_the_second(beats: Sequence[tuple[datetime, int]], day: date, zone: str) -> tuple[int, int, int, int]:
    """Seconds up, down, unknown and in maintenance of a day: at each second, what the last heartbeat before it said, if it is not too old."""
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    last = max(at for at, _ in beats)
    counted = dict.fromkeys(range(4), 0)
    for second in range(86400):
        moment = begin + timedelta(seconds=second)
        before = [(at, status) for at, status in beats if at <= moment]
        at, status = max(before, default=(moment, PENDING))
        counted[status if moment < last and moment - at < timedelta(seconds=HOLD_S) else PENDING] += 1
    return counted[UP], counted[DOWN], counted[PENDING], counted[MAINTENANCE]


@pytest.mark.parametrize("tables", [KUMA_1, KUMA_2], ids=["1.23", "2.0"])
def test_what_kuma_saw_comes_out_as_seconds_up_down_unknown_and_in_maintenance(tmp_path: Path, tables: str) -> None:
    kuma = Kuma(tmp_path / "kuma.db", tables)
    monitor = kuma.monitor()
    states = [UP] * 5 + [PENDING] * 3 + [DOWN] * 4 + [UP] * 2 + [MAINTENANCE] * 3 + [UP] * 2
    beats = [(NOON - HOUR + number * MINUTE, status) for number, status in enumerate(states)]
    beats = [*beats[:8], *beats[9:], (NOON - 20 * MINUTE, UP)]  # one is missing, and there is a gap before the last
    for number, (at, status) in enumerate(beats):
        kuma.beat(monitor, at, status, 100 + number if status == UP else 30_000)
    site = Site(tmp_path, feed(kuma.path), now=NOON - 19 * MINUTE)
    outcome = site.refresh()
    assert (outcome.status, outcome.read, outcome.added, outcome.rejected, outcome.messages) == ("ok", len(beats), len(beats), 0, ())
    day = date(2026, 9, 10)
    assert site.days() == [(DINKES, day, *by_the_second(beats, day, "Asia/Makassar"), len(beats), states.count(DOWN) - 1)]
    assert site.query("select latency_p50_ms from uptime.service_day") == [(median(100 + number for number, (_, status) in enumerate(beats) if status == UP),)]
    kuma.close()


def test_a_pending_check_is_unknown_and_the_outage_begins_when_kuma_says_down(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - 10 * MINUTE, 5)
    kuma.minutes(monitor, NOON - 5 * MINUTE, 3, PENDING, None)
    kuma.minutes(monitor, NOON - 2 * MINUTE, 3, DOWN, None)
    assert site.refresh().rejected == 0
    assert site.days() == [(DINKES, date(2026, 9, 10), 300, 120, 86400 - 420, 0, 11, 3)]
    with site.warehouse.open_for_reading() as connection:
        assert incidents_of(connection) == [(DINKES, NOON - 2 * MINUTE, None, 120, True)]


def test_a_check_that_was_pending_and_came_back_is_no_outage(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - 10 * MINUTE, 5)
    kuma.minutes(monitor, NOON - 5 * MINUTE, 2, PENDING, None)
    kuma.minutes(monitor, NOON - 3 * MINUTE, 4)
    site.refresh()
    assert site.told(DINKES) == (300 + 180, 0)
    assert site.query("select count(*) from uptime.incident") == [(0,)]


@pytest.mark.parametrize(("ping", "latency"), [(0, 0.0), (87, 87.0), (12.5, 12.5), (-1, None), (-1.0, None), (None, None), (10**9, None)])
def test_a_ping_of_minus_one_is_no_latency(kuma: Kuma, site: Site, ping: float | None, latency: float | None) -> None:
    kuma.beat(kuma.monitor(), NOON - MINUTE, UP, ping)
    outcome = site.refresh()
    assert (outcome.added, outcome.rejected) == (1, 0)
    assert site.query("select latency_p50_ms from uptime.service_day") == [(latency,)]


@pytest.mark.parametrize(
    "written",
    [
        "2026-09-10 11:30:00",
        "2026-09-10 11:30:00.000",
        "2026-09-10T11:30:00",
        "2026-09-10T11:30:00.000Z",
        "2026-09-10 11:30:00+00:00",
        "2026-09-10T19:30:00+08:00",
    ],
)
def test_a_time_without_a_zone_is_in_utc(kuma: Kuma, site: Site, written: str) -> None:
    monitor = kuma.monitor()
    kuma.beat(monitor, written)
    kuma.beat(monitor, NOON)
    assert site.refresh().rejected == 0
    ((first,),) = site.query("select min(first_at) from meta.lake_partition")
    assert first == NOON - 30 * MINUTE


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(checks=check_sets())
def test_the_same_checks_give_the_same_days_through_kuma_and_through_a_log(checks: list[Check]) -> None:
    with TemporaryDirectory(prefix="kesiapan-kuma-test-") as folder:
        root = Path(folder)
        kuma = Kuma(root / "kuma.db")
        monitors = {name: kuma.monitor(name) for name in sorted({check.service for check in checks})}
        for check in sorted(checks, key=lambda check: check.at):
            kuma.beat(monitors[check.service], check.at, NUMBER[check.status], -1 if check.latency_ms is None else check.latency_ms)
        now = max(check.at for check in checks)
        by_kuma = Site(root / "by_kuma", feed(kuma.path), now=now)
        outcome = by_kuma.refresh()
        by_log = Site(root / "by_log", feed(root, kind=FeedKind.CHECK_LOG), now=now)
        by_log.take_in([by_log.archive.store("checks", "checks.csv", as_csv(checks), now)])
        by_log.roll_up()
        days, incidents = reckon(checks, "Asia/Makassar", HOLD_S)
        kuma.close()
        assert (outcome.status, outcome.added) == ("ok", len(checks))
        assert by_kuma.levels() == by_log.levels()
        with by_kuma.warehouse.open_for_reading() as connection:
            assert (days_of(connection), incidents_of(connection)) == (days, incidents)


def test_the_real_history_of_kalimantan_barat_comes_out_as_from_its_log(kuma: Kuma, tmp_path: Path) -> None:
    """Real checks in a made-up Kuma."""
    with duckdb.connect() as connection:
        log = connection.execute(
            f"select slug, url, last_updated::timestamptz, status, response_time_ms::integer from read_csv('{SAMPLE}') order by last_updated"
        ).fetchall()
    monitors = {slug: kuma.monitor(slug, url=url) for slug, url in dict(row[:2] for row in log).items()}
    kuma.do("begin")
    for slug, _, at, status, latency_ms in log:
        kuma.beat(monitors[slug], at, NUMBER[status], latency_ms)
    kuma.do("commit")
    now = log[-1][2] + HOUR
    by_kuma = Site(tmp_path / "by_kuma", feed(kuma.path, max_hold_s=26 * 3600, hosts=(".go.id",)), now=now)
    outcome = by_kuma.refresh()
    assert (outcome.status, outcome.messages) == ("ok", ())
    assert outcome.batches > 60
    by_log = Site(tmp_path / "by_log", replace(by_kuma.feed, kind=FeedKind.CHECK_LOG), now=now)
    from_log = by_log.take_in([by_log.archive.store("checks", SAMPLE.name, SAMPLE.read_bytes(), now)])
    by_log.roll_up()
    assert (outcome.read, outcome.added, outcome.rejected) == (from_log.read, from_log.added, from_log.rejected)
    assert len(by_log.days()) > 5000
    assert by_kuma.levels() == by_log.levels()


# The file of a Kuma that runs.


def test_a_running_kuma_is_read_whole_and_goes_on_writing(kuma: Kuma, site: Site) -> None:
    """What is only in its write-ahead log counts, what is not committed does not; it waits for nobody, and nothing of its files is changed."""
    kuma.do("pragma wal_autocheckpoint = 0")
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    before, beside = kuma.path.read_bytes(), kuma.beside()
    assert beside == ["kuma.db", "kuma.db-shm", "kuma.db-wal"]
    with uptime_kuma.opened(kuma.path, NOON) as view:
        assert view.days("") == ["2026-09-10"]
        kuma.minutes(monitor, NOON - 2 * DAY, 10)
        assert view.days("") == ["2026-09-10"], "a view is of one moment"
    kuma.do("begin immediate")
    kuma.beat(monitor, NOON - 30 * MINUTE - timedelta(seconds=30), DOWN)
    assert site.refresh().added == 71
    kuma.do("rollback")
    assert (kuma.path.read_bytes(), kuma.beside()) == (before, beside)


def test_nothing_is_left_beside_a_database_that_nobody_has_open(kuma: Kuma, site: Site) -> None:
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    kuma.close()
    assert kuma.beside() == ["kuma.db"]
    assert site.refresh().added == 61
    assert kuma.beside() == ["kuma.db"]


def test_what_a_kuma_that_died_left_in_its_log_is_read(kuma: Kuma, site: Site) -> None:
    kuma.do("pragma wal_autocheckpoint = 0")
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    died = site.root / "died"
    died.mkdir()
    for name in ("kuma.db", "kuma.db-wal"):
        shutil.copy(kuma.path.parent / name, died / name)
    site.feed = replace(site.feed, path=died / "kuma.db")
    assert site.refresh().added == 61
    assert sorted(path.name for path in died.iterdir()) == ["kuma.db", "kuma.db-wal"]


@pytest.mark.parametrize("touch", ["opened", "changed"])
def test_a_database_that_is_opened_while_it_is_read_without_locks_is_read_again(kuma: Kuma, site: Site, monkeypatch: pytest.MonkeyPatch, touch: str) -> None:
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    kuma.close()
    plain = uptime_kuma.Kuma.days

    def then_touched(self: uptime_kuma.Kuma, first: str) -> list[str]:
        found = plain(self, first)
        if touch == "opened":
            kuma.connection = sqlite3.connect(kuma.path)
            kuma.connection.execute("select count(*) from heartbeat").fetchone()
        else:
            kuma.path.write_bytes(kuma.path.read_bytes() + b"\0" * 4096)
        return found

    monkeypatch.setattr(uptime_kuma.Kuma, "days", then_touched)
    outcome = site.refresh()
    assert (outcome.status, outcome.added, site.extracts()) == ("failed", 0, [])
    assert outcome.messages == ("sources.toml:9: feed.path: kuma.db: another program opened it while it was read; the next run reads it again",)
    kuma.connection.close()
    monkeypatch.undo()
    assert site.refresh().added == 61


# Only what is new.


def test_only_days_that_are_not_committed_are_taken_and_the_last_of_them_again(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - 2 * DAY, 2 * 1440)
    first = site.refresh()
    assert (first.status, first.added) == ("ok", 2880)
    assert site.extracts() == [f"heartbeat 2026-09-{day:02}" for day in (8, 9, 10)]
    site.now += 6 * HOUR
    kuma.minutes(monitor, NOON, 360)
    second = site.refresh()
    assert (second.status, second.added, second.updated, second.unchanged) == ("ok", 360, 0, 720)
    assert site.extracts()[3:] == ["heartbeat 2026-09-10"]
    third = site.refresh()
    assert (third.status, third.added, third.batches_unchanged) == ("unchanged", 0, 1)
    assert len(site.extracts()) == 4


def test_a_day_is_committed_first_and_then_passed_over(kuma: Kuma, site: Site) -> None:
    kuma.minutes(kuma.monitor(), NOON - 2 * DAY, 2 * 1440)
    uptime_kuma.arrive_from(site.warehouse)(site.feed, site.archive, site.clock)  # and then the run is killed
    assert site.refresh().added == 2880
    assert len(site.extracts()) == 3


def test_a_check_that_is_stored_late_opens_its_day_again(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    midnight = NOON - 12 * HOUR
    kuma.minutes(monitor, midnight - 4 * HOUR, 225)
    kuma.minutes(monitor, midnight + MINUTE, 60)
    site.now = midnight + HOUR
    site.refresh()
    kuma.minutes(monitor, midnight - 15 * MINUTE, 15, DOWN)
    late = site.refresh()
    assert (late.status, late.added) == ("ok", 15)
    assert site.told(DINKES) == (225 * 60 + 59 * 60, 16 * 60)


@pytest.mark.parametrize("tables", [KUMA_1, KUMA_2], ids=["1.23", "2.0"])
def test_the_work_of_a_day_does_not_grow_with_what_lies_before_it(tmp_path: Path, tables: str) -> None:
    kuma = Kuma(tmp_path / "kuma.db", tables)
    monitors = [kuma.monitor(f"{DINKES} {number}") for number in range(3)]

    def steps() -> int:
        """Hundreds of instructions of SQLite's machine for the newest day."""
        counted: list[int] = []
        with uptime_kuma.opened(kuma.path, NOON) as view:
            view.connection.set_progress_handler(lambda: counted.append(1), 100)
            assert view.days("2026-09-10") == ["2026-09-10"]
            view.extract("2026-09-10")
            view.standstill(HOUR)
            view.is_ahead()
            assert list(view.untimed()) == []
        return len(counted)

    for monitor in monitors:
        kuma.minutes(monitor, NOON - 10 * MINUTE, 10)
    few = steps()
    for monitor in monitors:
        kuma.minutes(monitor, NOON - 20 * DAY, 14 * 1440)
    many = steps()
    assert kuma.connection.execute("select count(*) from heartbeat").fetchone()[0] > 60_000
    assert many <= few + 2
    kuma.close()


def test_a_lost_warehouse_and_lake_are_made_again_from_the_archive_without_kuma(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - 2 * DAY, 2 * 1440)
    site.refresh()
    site.now += HOUR
    kuma.minutes(monitor, NOON, 60, DOWN)
    site.refresh()
    again = Site(site.root / "again", replace(site.feed, path=site.root / "nothing"), now=site.now)
    again.archive = site.archive
    again.refresh()
    assert again.tables() == site.tables()
    assert len(site.days()) == 3


def test_what_kuma_has_thinned_out_since_stays_known(kuma: Kuma, site: Site) -> None:
    """Kuma 2 keeps only changes of state of what is older than a day."""
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - DAY, 1441)
    site.refresh()
    days = site.days()
    kuma.do("delete from heartbeat where time < '2026-09-10 11:30' and id % 50 <> 0")
    outcome = site.refresh()
    assert (outcome.status, outcome.added, outcome.updated) == ("ok", 0, 0)
    assert site.days() == days


@pytest.mark.parametrize(("tables", "up_s"), [(KUMA_1, 4 * HOLD_S + 36 * 3600), (KUMA_2, 36 * 3600)], ids=["1.23", "2.0"])
def test_a_time_of_which_only_changes_are_left_is_unknown(tmp_path: Path, tables: str, up_s: int) -> None:
    """Kuma 1 deletes whole days, so that what is there is all there was. A Kuma 2 that nobody asked for three days has only the outages of the first."""
    kuma = Kuma(tmp_path / "kuma.db", tables)
    monitor = kuma.monitor()
    for number, status in enumerate([UP, DOWN] * 4):
        kuma.beat(monitor, NOON - 3 * DAY + number * HOUR, status)
    kuma.do("update heartbeat set important = 1")
    kuma.minutes(monitor, NOON - 36 * HOUR, 36 * 60 + 1)
    site = Site(tmp_path, feed(kuma.path))
    assert site.refresh().status == "ok"
    assert site.told(DINKES) == (up_s, 0 if tables is KUMA_2 else 4 * HOLD_S)
    kuma.close()


def test_changes_of_the_last_day_count_even_if_nothing_but_changes_happened(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    for number in range(61):
        kuma.beat(monitor, NOON - HOUR + number * MINUTE, number % 2)
    kuma.do("update heartbeat set important = 1")
    assert site.refresh().added == 61
    assert site.told(DINKES) == (1800, 1800)


# Monitors.


def test_groups_and_manual_monitors_measure_nothing_and_what_a_paused_one_saw_remains(kuma: Kuma, site: Site) -> None:
    group = kuma.monitor("Dinas", "group", None)
    kuma.minutes(group, NOON - HOUR, 61)
    kuma.minutes(kuma.monitor("Pengumuman", "manual", None), NOON - HOUR, 61)
    kuma.minutes(kuma.monitor("Lama", active=0, parent=group), NOON - HOUR, 20)
    kuma.minutes(kuma.monitor(parent=group), NOON - HOUR, 61)
    outcome = site.refresh()
    assert (outcome.status, outcome.read) == ("ok", 81)
    assert (site.told("Lama"), site.told(DINKES)) == ((19 * 60 + HOLD_S, 0), (3600, 0))
    assert len(site.days()) == 2


def test_a_deleted_monitor_is_unknown_from_then_on_and_its_days_stay(kuma: Kuma, site: Site) -> None:
    gone, stays = kuma.monitor("Lama"), kuma.monitor()
    kuma.minutes(gone, NOON - HOUR, 61)
    kuma.minutes(stays, NOON - HOUR, 61)
    site.refresh()
    kuma.do("delete from monitor where id = ?", gone)
    kuma.minutes(stays, NOON + MINUTE, 60)
    site.now += HOUR
    outcome = site.refresh()
    assert (outcome.status, outcome.messages) == ("ok", ())
    assert (site.told("Lama"), site.told(DINKES)) == ((3600 + HOLD_S, 0), (7200, 0))


def test_a_service_that_changes_its_address_goes_on(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    site.refresh()
    kuma.do("update monitor set url = 'https://baru.contoh.go.id'")
    kuma.minutes(monitor, NOON + MINUTE, 60)
    site.now += HOUR
    assert site.refresh().added == 60
    assert site.told(DINKES) == (7200, 0)
    assert site.query("select code, url from ref.service where feed_id = 'checks'") == [(DINKES, "https://baru.contoh.go.id")]


def test_a_renamed_monitor_is_another_service_that_the_settings_can_join(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor("Dinkes")
    kuma.minutes(monitor, NOON - 2 * DAY, 2 * 1440 + 1)
    site.refresh()
    kuma.do("update monitor set name = ?", DINKES)
    kuma.minutes(monitor, NOON + MINUTE, 60)
    site.now += HOUR
    assert site.refresh().status == "ok"
    assert site.told("Dinkes") == (2 * 86400 + HOLD_S, 0)
    assert site.told(DINKES) == (13 * 3600, 0), "the UTC day of the renaming is read again under the new name"
    site.feed = replace(site.feed, services=(Service("Dinkes", "dinkes"), Service(DINKES, "dinkes")))
    site.refresh()
    assert site.told("dinkes") == (2 * 86400 + 3600, 0)
    assert [row[0] for row in site.days()] == ["dinkes"] * 3


def test_two_monitors_of_one_name_are_refused_until_one_is_renamed(kuma: Kuma, site: Site) -> None:
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    other = kuma.monitor(f" {DINKES} ")
    kuma.minutes(other, NOON - HOUR, 61, DOWN)
    outcome = site.refresh()
    assert (outcome.status, outcome.added) == ("failed", 0)
    assert f"kuma.db: heartbeat 2026-09-10: monitors 1 and 2 are both called '{DINKES}'; accepted: a name for each" in outcome.messages[0]
    kuma.do("update monitor set name = 'Dinas Sosial' where id = ?", other)
    outcome = site.refresh()
    assert (outcome.status, outcome.messages) == ("ok", ())
    assert (site.told(DINKES), site.told("Dinas Sosial")) == ((3600, 0), (0, 3600))
    assert site.query("select status from quality.current_batch where status = 'rejected'") == []


def test_a_monitor_that_takes_over_a_name_goes_on(kuma: Kuma, site: Site) -> None:
    kuma.minutes(kuma.monitor(active=0), NOON - HOUR, 30)
    kuma.minutes(kuma.monitor(), NOON - 30 * MINUTE, 31)
    assert site.refresh().status == "ok"
    assert site.told(DINKES) == (3600, 0)


@pytest.mark.parametrize("name", [None, "", "  "])
def test_checks_of_a_monitor_without_a_name_are_set_aside(kuma: Kuma, site: Site, name: str | None) -> None:
    for _ in range(2):
        kuma.beat(kuma.monitor(name), NOON - MINUTE)
    kuma.beat(kuma.monitor(), NOON - MINUTE)
    outcome = site.refresh()
    assert (outcome.status, outcome.added, outcome.rejected) == ("ok", 1, 2)
    assert site.set_aside() == [("check.service_named",)]


def test_a_name_that_is_no_text_is_read_as_well_as_it_can_be(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    kuma.do("update monitor set name = cast(x'44ff' as text)")
    assert site.refresh().added == 61
    assert site.told("D\ufffd") == (3600, 0)


@pytest.mark.parametrize(
    ("monitor", "address"),
    [
        ({}, "https://dinkes.contoh.go.id"),
        ({"url": f"https://admin:{SECRET}@Dinkes.contoh.go.id:8443/{SECRET}?token={SECRET}#{SECRET}"}, "https://dinkes.contoh.go.id:8443"),
        ({"kind": "keyword", "hostname": "stale.example.com"}, "https://dinkes.contoh.go.id"),
        ({"kind": "ping", "hostname": "mail.contoh.go.id", "url": "https://stale.example.com"}, "probe://mail.contoh.go.id"),
        ({"kind": "port", "hostname": "mail.contoh.go.id", "port": 25, "url": "https://"}, "probe://mail.contoh.go.id:25"),
        ({"kind": "dns", "hostname": "contoh.go.id", "port": 0}, "probe://contoh.go.id"),
        ({"kind": "ping", "hostname": "2001:db8::1"}, "probe://[2001:db8::1]"),
        ({"kind": "mqtt", "hostname": f"admin:{SECRET}@mail.contoh.go.id"}, "probe://mail.contoh.go.id"),
        ({"kind": "something-new"}, "https://dinkes.contoh.go.id"),
        ({"kind": "push", "url": "https://"}, None),
        ({"kind": "push", "url": None}, None),
        ({"kind": None, "url": "no address"}, None),
        ({"url": "https://[half"}, None),
        ({"url": "https://a.go.id:port"}, None),
    ],
)
def test_of_an_address_only_scheme_host_and_port_are_taken(kuma: Kuma, monitor: dict[str, object], address: str | None) -> None:
    kuma.monitor(**monitor)  # type: ignore[arg-type]
    with uptime_kuma.opened(kuma.path, NOON) as view:
        assert [one.address for one in view.monitors] == [address]


def test_checks_of_other_hosts_are_set_aside(kuma: Kuma, site: Site) -> None:
    site.feed = replace(site.feed, hosts=(".go.id",))
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    kuma.minutes(kuma.monitor("Berita", url="https://news.example.com/x"), NOON - HOUR, 61)
    kuma.minutes(kuma.monitor("Surat", "port", hostname="mail.example.com", port=25), NOON - HOUR, 61)
    kuma.minutes(kuma.monitor("Cadangan", "push", None), NOON - HOUR, 61)
    outcome = site.refresh()
    assert (outcome.added, outcome.rejected) == (122, 122)
    assert site.set_aside() == [("check.host_of_government",)]


@pytest.mark.parametrize("status", [4, -1, 99])
def test_a_status_that_kuma_does_not_have_is_set_aside(kuma: Kuma, site: Site, status: int) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    kuma.beat(monitor, NOON - timedelta(seconds=30), status)
    outcome = site.refresh()
    assert (outcome.added, outcome.rejected) == (61, 1)
    assert site.set_aside() == [("check.status_known",)]


def test_of_two_heartbeats_of_one_moment_the_one_stored_last_counts(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.beat(monitor, NOON - 2 * MINUTE, UP)
    kuma.beat(monitor, NOON - 2 * MINUTE, DOWN)
    kuma.beat(monitor, NOON, UP)
    outcome = site.refresh()
    assert (outcome.status, outcome.read, outcome.added, outcome.unchanged) == ("ok", 3, 2, 1)
    assert site.told(DINKES) == (0, 120)


# Certificates.

FEBRUARY, MARCH = "2027-02-01T00:00:00.000Z", "2027-03-01T00:00:00.000Z"


def test_the_newest_heartbeat_that_succeeded_has_the_certificate_that_kuma_saw_last(kuma: Kuma, site: Site) -> None:
    """Of the ones before nobody knows it; what was learnt by then stays, also after a renewal."""
    monitor, plain = kuma.monitor(), kuma.monitor("Surat", "port", hostname="mail.contoh.go.id", port=25)
    kuma.minutes(monitor, NOON - 10 * MINUTE, 10)
    kuma.minutes(plain, NOON - 10 * MINUTE, 11)
    kuma.beat(monitor, NOON, DOWN, None)
    kuma.certificate(monitor, FEBRUARY)
    assert (site.refresh().added, site.checks("vantage")) == (22, [("-",)])
    learnt = "service, checked_at, certificate_expires_at"
    first = (DINKES, NOON - MINUTE, datetime(2027, 2, 1, tzinfo=UTC))
    assert site.checks(learnt, "where certificate_expires_at is not null") == [first]
    kuma.minutes(monitor, NOON + MINUTE, 10)
    kuma.certificate(monitor, MARCH)
    site.now += 10 * MINUTE
    again = site.refresh()
    assert (again.added, again.updated) == (10, 0)
    second = (DINKES, NOON + 10 * MINUTE, datetime(2027, 3, 1, tzinfo=UTC))
    assert site.checks(learnt, "where certificate_expires_at is not null") == [first, second]
    assert (site.refresh().status, len(site.extracts())) == ("unchanged", 2)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        (json.dumps({"certInfo": {"validTo": "soon"}}), "soon"),
        *((text, None) for text in (None, "", "{", "null", "[]", '{"valid": false}', '{"certInfo": null}', '{"certInfo": {"validTo": null}}', "[" * 100_000)),
    ],
)
def test_a_note_of_a_certificate_that_says_no_time_is_none(kuma: Kuma, site: Site, text: str | None, taken: str | None) -> None:
    monitor = kuma.monitor()
    kuma.beat(monitor, NOON - MINUTE)
    kuma.note(monitor, text)
    with uptime_kuma.opened(kuma.path, NOON) as view:
        extract = view.extract("2026-09-10")
    assert uptime_kuma.parse(extract, ARTIFACT).column("certificate_expires_at").to_pylist() == [taken]
    if taken is not None:
        assert site.refresh().added == 1
        assert site.query("select rule_id, severity from quality.failed_row") == [("check.certificate_plausible", "warning")]


@pytest.mark.parametrize("change", ["drop table monitor_tls_info", "update monitor set url = 'http://dinkes.contoh.go.id'"], ids=["no table", "no TLS"])
def test_without_tls_there_is_no_certificate(kuma: Kuma, site: Site, change: str) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    kuma.certificate(monitor, FEBRUARY)
    kuma.do(change)
    assert site.refresh().added == 61
    assert site.checks("certificate_expires_at") == [(None,)]


def test_extracts_of_before_certificates_were_taken_are_read_as_they_were(kuma: Kuma, site: Site) -> None:
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    with uptime_kuma.opened(kuma.path, NOON) as view:
        extract = pa_parquet.read_table(io.BytesIO(view.extract("2026-09-10"))).drop_columns("certificate_expires_at")
    older = io.BytesIO()
    pa_parquet.write_table(extract, older, compression="zstd")
    outcome = site.take_in([site.archive.store("checks", "heartbeat 2026-09-10", older.getvalue(), site.now)])
    assert (outcome.status, outcome.added) == ("ok", 61)
    again = site.refresh()
    assert (again.added, again.updated, again.unchanged) == (0, 0, 61)


# Secrets.


def test_nothing_but_what_a_check_is_made_of_leaves_kuma(kuma: Kuma, site: Site) -> None:
    kept = {"id", "active", "user_id", "interval", "type", "hostname", "port", "parent", "manual_status", "name", "url"}
    columns = [row[1] for row in kuma.connection.execute("pragma table_info(monitor)").fetchall() if row[1] not in kept]
    monitor = kuma.monitor(url=f"https://admin:{SECRET}@dinkes.contoh.go.id/{SECRET}?key={SECRET}", **dict.fromkeys(columns, SECRET))
    kuma.minutes(monitor, NOON - HOUR, 61)
    kuma.do("update heartbeat set msg = ?, response = ?", SECRET, SECRET)
    kuma.do("insert into user (username, password) values (?, ?)", SECRET, SECRET)
    kuma.do("insert into notification (name, config) values (?, ?)", SECRET, SECRET)
    kuma.do("insert into setting (key, value) values (?, ?)", SECRET, SECRET)
    kuma.certificate(monitor, FEBRUARY, raw=SECRET, subjectaltname=SECRET)
    assert SECRET.encode() in kuma.path.read_bytes() + kuma.path.with_name("kuma.db-wal").read_bytes()
    outcome = site.refresh()
    assert outcome.added == 61
    ours = [path for folder in ("archive", "lake") for path in (site.root / folder).rglob("*") if path.is_file()]
    objects = [path for path in ours if path.read_bytes().startswith(b"PAR1")]
    assert len(objects) == 2
    told = repr(outcome) + "".join(str(pa_parquet.read_table(path, partitioning=None).to_pylist()) for path in objects)
    assert SECRET not in told
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in [*ours, site.warehouse.path])


# Clocks.


def test_a_monitor_whose_clock_is_ahead_is_told_and_what_it_says_of_the_future_is_set_aside(kuma: Kuma, site: Site) -> None:
    kuma.minutes(kuma.monitor(), NOON - HOUR, 181)
    outcome = site.refresh()
    assert (outcome.status, outcome.added, outcome.rejected) == ("failed", 66, 115)
    (message,) = outcome.messages
    assert message.endswith("kuma.db: its newest heartbeat is of 2026-09-10 14:00 UTC, and it is 2026-09-10 12:00: the monitor's clock is wrong, or ours")
    assert site.set_aside() == [("check.not_in_the_future",)]


def test_one_heartbeat_from_far_ahead_stops_nothing(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.beat(monitor, "2099-01-01 00:00:00.000")
    kuma.minutes(monitor, NOON - HOUR, 61)
    outcome = site.refresh()
    assert (outcome.status, outcome.added, outcome.rejected) == ("ok", 61, 1)
    kuma.minutes(monitor, NOON + MINUTE, 60)
    site.now += HOUR
    outcome = site.refresh()
    assert (outcome.status, outcome.added, outcome.rejected) == ("ok", 60, 1)
    assert site.told(DINKES) == (7200, 0)


@pytest.mark.parametrize("written", ["tomorrow", "2026-13-45 00:00:00", "2026-09-10\u00e9", "2026-09-10~~", "2026-09-10 25:00:00", "20260910T113000\n"])
def test_a_time_that_is_none_is_set_aside(kuma: Kuma, site: Site, written: str) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    kuma.beat(monitor, written)
    outcome = site.refresh()
    assert (outcome.status, outcome.added, outcome.rejected) == ("ok", 61, 1)
    assert site.set_aside() == [("check.time_readable",)]


def test_a_time_that_is_no_text_ends_in_words(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    kuma.do("insert into heartbeat (monitor_id, time, status) values (?, cast(x'323032362d30392d3130ff' as text), 1)", monitor)
    (message,) = site.refresh().messages
    assert "kuma.db: a time of monitor 1 is no text ('2026-09-10\\ufffd'); accepted: text such as 2026-01-01 00:00:00.123, in UTC" in message


def test_a_time_that_is_a_number_is_told(kuma: Kuma, site: Site) -> None:
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    kuma.beat(monitor, 1789034400000)
    outcome = site.refresh()
    assert (outcome.status, outcome.added) == ("failed", 61)
    assert "monitor 1 has heartbeats whose time is the number 1789034400000; accepted: text such as 2026-01-01 00:00:00.123, in UTC" in outcome.messages[0]


# Failures.


def emptied(kuma: Kuma) -> None:
    kuma.do("delete from heartbeat")


def deleted(kuma: Kuma) -> None:
    kuma.do("delete from monitor")


def paused(kuma: Kuma) -> None:
    kuma.do("update monitor set active = 0")


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (lambda _: None, "no heartbeat since 2026-09-10 12:00 UTC: Kuma stood still, or this is a copy that nobody renews"),
        (paused, "no heartbeat since 2026-09-10 12:00 UTC: all of its monitors are paused"),
        (emptied, "there is no heartbeat in it: Kuma stood still, or this is a copy that nobody renews"),
        (deleted, "there is no heartbeat in it: it has no monitor"),
    ],
)
def test_nothing_where_there_was_something_is_a_failure(kuma: Kuma, site: Site, happened: Callable[[Kuma], None], said: str) -> None:
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    assert site.refresh().status == "ok"
    days = site.days()
    happened(kuma)
    site.now += 3 * HOUR
    outcome = site.refresh()
    assert (outcome.status, outcome.messages) == ("failed", (f"sources.toml:9: feed.path: kuma.db: {said}",))
    assert site.days() == days


def test_nothing_from_the_start_is_a_failure(kuma: Kuma, site: Site) -> None:
    kuma.minutes(kuma.monitor("Dinas", "group", None), NOON - HOUR, 61)
    (message,) = site.refresh().messages
    assert message.endswith("there is no heartbeat in it: it has no monitor")


def other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table something (id integer)")
    connection.close()


def older_kuma(path: Path) -> None:
    made = Kuma(path, "create table monitor (id integer, name text, active boolean); create table heartbeat (id integer, monitor_id integer, date text);")
    made.close()


def without_heartbeat(path: Path) -> None:
    made = Kuma(path, f"create table monitor ({MONITOR.format(push_token='text')})")
    made.close()


def torn(path: Path) -> None:
    made = Kuma(path, journal="delete")
    made.minutes(made.monitor(), NOON - 3 * HOUR, 181)
    made.close()
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\x5a" * (len(data) - 4096))


def link(path: Path) -> None:
    path.with_name("elsewhere.db").touch()
    path.symlink_to(path.with_name("elsewhere.db"))


@pytest.mark.parametrize(
    ("lay", "said"),
    [
        (lambda path: None, "'kuma.db' matches no file in "),
        (Path.touch, "kuma.db: it is empty; accepted: the database of an Uptime Kuma 1 or 2 (kuma.db)"),
        (lambda path: path.write_bytes(b"<html>"), "kuma.db: it is no SQLite database; accepted: the database of an Uptime Kuma"),
        (lambda path: path.write_bytes(b"SQLite format 3\0"), "kuma.db: it is no SQLite database; accepted"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"x" * 5000), "kuma.db: SQLite cannot read it (file is not a database)"),
        (torn, "kuma.db: SQLite cannot read it ("),
        (other_database, "kuma.db: it has no table monitor; accepted"),
        (without_heartbeat, "kuma.db: it has no table heartbeat; accepted"),
        (older_kuma, "kuma.db: its table monitor has no column type, url, hostname, port; accepted"),
        (Path.mkdir, "kuma.db is an empty folder; accepted: files"),
        (link, "kuma.db is a symbolic link; accepted: the file itself"),
    ],
    ids=["lost", "empty", "web page", "head only", "garbage", "torn", "other database", "one table", "older", "folder", "link"],
)
def test_what_is_no_kuma_fails_the_feed_in_words_and_the_next_run_makes_up_for_it(tmp_path: Path, lay: Callable[[Path], object], said: str) -> None:
    path = tmp_path / "kuma.db"
    site = Site(tmp_path / "home", feed(path))
    lay(path)
    outcome = site.refresh()
    assert outcome.status == "failed"
    assert len(outcome.messages) == 1
    assert outcome.messages[0].startswith("sources.toml:9: feed.path: ")
    assert said in outcome.messages[0]
    assert site.extracts() == []
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    kuma = Kuma(path)
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    assert site.refresh().added == 61
    kuma.close()


def test_a_locked_database_is_a_failure_and_what_was_known_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uptime_kuma, "WAIT_S", 0.2)
    kuma = Kuma(tmp_path / "kuma.db", journal="delete")
    monitor = kuma.monitor()
    kuma.minutes(monitor, NOON - HOUR, 61)
    site = Site(tmp_path / "home", feed(kuma.path))
    site.refresh()
    days = site.days()
    kuma.do("begin exclusive")
    outcome = site.refresh()
    assert (outcome.status, site.days()) == ("failed", days)
    assert outcome.messages == ("sources.toml:9: feed.path: kuma.db: another program has kept it locked for 0.2 s; the next run reads it again",)
    kuma.beat(monitor, NOON + MINUTE)
    kuma.do("commit")
    site.now += MINUTE
    assert site.refresh().added == 1
    kuma.close()


def test_a_page_that_cannot_be_read_keeps_what_lies_before_it_and_takes_nothing_after_it(kuma: Kuma, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    kuma.minutes(kuma.monitor(), NOON - 2 * DAY, 2 * 1440 + 1)
    plain = uptime_kuma.Kuma.extract

    def damaged(self: uptime_kuma.Kuma, day: str) -> bytes:
        if day == "2026-09-09":
            raise sqlite3.DatabaseError("database disk image is malformed")
        return plain(self, day)

    monkeypatch.setattr(uptime_kuma.Kuma, "extract", damaged)
    outcome = site.refresh()
    assert (outcome.status, outcome.added, site.extracts()) == ("failed", 720, ["heartbeat 2026-09-08"])
    assert "kuma.db: SQLite cannot read it (database disk image is malformed)" in outcome.messages[0]
    monkeypatch.undo()
    assert site.refresh().added == 2161
    assert site.told(DINKES) == (2 * 86400, 0)


def test_a_glob_that_matches_more_than_one_file_is_refused(kuma: Kuma, site: Site) -> None:
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    site.feed = replace(site.feed, path=kuma.path.with_name("kuma.d*"))
    (message,) = site.refresh().messages
    assert f"'kuma.d*' matches 3 entries of {kuma.path.parent}; accepted: one file, a feed for each Kuma" in message
    site.feed = replace(site.feed, path=kuma.path.with_name("kum?.db"))
    assert site.refresh().added == 61


# Extracts.


def test_the_same_heartbeats_are_the_same_bytes(kuma: Kuma) -> None:
    kuma.minutes(kuma.monitor(), NOON - HOUR, 61)
    kuma.monitor("Dinas Sosial")
    with uptime_kuma.opened(kuma.path, NOON) as view:
        first = view.extract("2026-09-10")
    kuma.do("update monitor set active = 0, basic_auth_pass = 'x'")
    kuma.do("update heartbeat set msg = 'x', important = 1, duration = 60")
    with uptime_kuma.opened(kuma.path, NOON) as view:
        assert view.extract("2026-09-10") == first


@pytest.mark.parametrize("data", [b"", b"PAR1", b"{}", b"SQLite format 3\0"])
def test_what_is_no_extract_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(Unreadable, match="this is no extract of an Uptime Kuma"):
        uptime_kuma.parse(data, ARTIFACT)


def test_an_extract_with_other_columns_is_refused_in_words(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as service, 2 as status) to '{tmp_path}/other.parquet'")
    with pytest.raises(Unreadable, match="the columns of this extract are service, status; accepted: monitor_id, monitor, "):
        uptime_kuma.parse((tmp_path / "other.parquet").read_bytes(), ARTIFACT)


# Settings and the command.

SOURCES = """
[[government]]
code = "99"
name = "Contoh"
timezone = "Asia/Makassar"

[[feed]]
id = "checks"
kind = "uptime_kuma"
government = "99"
path = "kuma.db"
hosts = [".contoh.go.id"]
max_hold = "150s"
objective = 0.99

[[service]]
feed = "checks"
match = "Dinas Kesehatan"
id = "dinkes"
agency = "002"
"""


def test_the_settings_of_a_check_log_are_those_of_kuma(tmp_path: Path) -> None:
    (tmp_path / "sources.toml").write_text(SOURCES)
    ((made,), by_kuma, _) = read_sources(tmp_path / "sources.toml")
    (tmp_path / "sources.toml").write_text(SOURCES.replace("uptime_kuma", "check_log"))
    by_log = read_sources(tmp_path / "sources.toml")[1]
    assert made == MAKASSAR
    assert [replace(one, kind=FeedKind.CHECK_LOG) for one in by_kuma] == list(by_log)
    assert by_kuma[0].path == tmp_path / "kuma.db"


@pytest.mark.parametrize(
    ("replaced", "by", "said"),
    [
        (
            'path = "kuma.db"',
            'url = "https://status.contoh.go.id"',
            "11: feed.url: uptime_kuma feeds are read from the database file, not from an address; acc",
        ),
        ('path = "kuma.db"\n', "", "7: feed.path: give either path"),
        ('max_hold = "150s"\n', "", "7: feed.max_hold: is missing; accepted: how long a check speaks for"),
        ('max_hold = "150s"', 'max_hold = "150"', "13: feed.max_hold: '150' is not accepted; accepted: a whole number with its unit"),
        ("objective = 0.99", "objective = 99.0", "14: feed.objective: 99.0 is not accepted; accepted: a share between 0 and 1"),
        ("objective = 0.99", 'since = "30d"', "14: feed.since: belongs to prometheus feeds, this one is uptime_kuma"),
        ("objective = 0.99", 'job = "blackbox"', "14: feed.job: belongs to prometheus feeds, this one is uptime_kuma"),
        ('hosts = [".contoh.go.id"]', 'hosts = ["Contoh"]', "12: feed.hosts: 'Contoh' is not accepted; accepted: a list of host names"),
    ],
)
def test_a_mistake_names_file_line_key_and_what_is_accepted(tmp_path: Path, replaced: str, by: str, said: str) -> None:
    assert replaced in SOURCES
    (tmp_path / "sources.toml").write_text(SOURCES.replace(replaced, by))
    with pytest.raises(SettingsError) as caught:
        read_sources(tmp_path / "sources.toml")
    assert str(caught.value).startswith(f"{tmp_path / 'sources.toml'}:{said}")


def test_the_command_refreshes_it(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    home = tmp_path / "home"
    home.mkdir()
    (home / "sources.toml").write_text(SOURCES)
    kuma = Kuma(home / "kuma.db")
    kuma.minutes(kuma.monitor(basic_auth_pass=SECRET), now - 3 * HOUR, 182)
    done = kesiapan(home, "refresh")
    assert done.returncode == 0, done.stdout + done.stderr
    with published(home) as connection:
        found = connection.execute("select service_id, agency_code, sum(checks)::integer, sum(up_s)::integer from uptime.service_day group by all").fetchall()
    assert found == [("dinkes", "002", 182, 181 * 60)]
    emptied(kuma)
    failed = kesiapan(home, "refresh")
    assert failed.returncode == 1
    assert "there is no heartbeat in it" in failed.stdout
    kuma.close()
