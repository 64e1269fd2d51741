"""Uptime Kuma: what is taken out of its SQLite file, and how that becomes checks. The columns that a check is made of and nothing else: users, settings,
messages and passwords stay where they are, and of a certificate all but its end. Staging and promotion are those of check logs."""

import io
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pa_parquet

from assets import arrival
from assets.arrival import Arrive, Clock
from assets.uptime import check_log, lake_day
from expectations import check
from expectations.drift import with_source_columns
from expectations.intake import Arrival, Reader, Unreadable
from warehouse.archive import Archive, Artifact
from warehouse.database import Warehouse
from warehouse.lake import Lake
from warehouse.registry import Feed

COLUMNS = {"monitor": ("id", "name", "type", "url", "hostname", "port", "active"), "heartbeat": ("id", "monitor_id", "time", "status", "ping", "important")}
EXTRACT = pa.schema(
    [("monitor_id", pa.int64()), *((name, pa.string()) for name in ("monitor", "type", "address")), ("heartbeat_id", pa.int64())]
    + [(name, pa.string()) for name in ("time", "status", "ping", "certificate_expires_at")]
)
EARLIER = EXTRACT.remove(EXTRACT.get_field_index("certificate_expires_at"))  # the columns of extracts of before certificates were taken
UNMEASURED = ("group", "manual")  # a group repeats its monitors, a manual monitor what somebody said
ADDRESSED_BY_URL = ("http", "keyword", "json-query", "real-browser", "websocket-upgrade")  # the others may keep a url of what they once were
UP = "1"
STATUS = {"0": "down", UP: "up", "2": "unknown", "3": "maintenance"}  # 2 is pending: it failed and is tried again, nobody knows yet
WITHOUT_ZONE = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"
OVERLAP = timedelta(hours=2)  # a heartbeat bears the time at which its check began, and is stored when that has ended
WHOLE = timedelta(hours=24)  # so long Kuma 2 keeps every heartbeat; of what is older it deletes those that changed no status
AHEAD = timedelta(minutes=5)  # what the rule check.not_in_the_future allows a clock
WAIT_S = 5.0  # for a lock
WRITE_AHEAD = 2  # what byte 18 of an SQLite file says when its journal is a write-ahead log
ACCEPTED = "the database of an Uptime Kuma 1 or 2 (kuma.db)"
TIME = "2026-01-01 00:00:00.123"
AFTER = "\U0010ffff"  # sorts after whatever text may follow the date in a time


class NotKuma(ValueError):
    """The file is not what the feed is said to be. The message says what was found and what is accepted."""


# What is asked of the database.


@dataclass(frozen=True)
class Monitor:
    """`address` is scheme, host and port: whatever else stands in a URL may be a secret."""

    id: int
    name: str | None
    type: str
    address: str | None
    is_active: bool


@dataclass(frozen=True)
class Unopened:
    """A database that nobody had open. It is read without locks, so nobody may have opened it when reading has ended."""

    path: Path
    size: int
    changed_ns: int

    def require_untouched(self) -> None:
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.size, self.changed_ns) or _beside(self.path, "-shm").exists():
            raise NotKuma("another program opened it while it was read; the next run reads it again")


@dataclass(frozen=True)
class Kuma:
    """One view of an Uptime Kuma's database, at a moment."""

    connection: sqlite3.Connection
    now: datetime
    unopened: Unopened | None = None

    @cached_property
    def monitors(self) -> list[Monitor]:
        """Those that measure something, paused ones too: what they saw remains true."""
        rows = self.connection.execute(
            "select id, cast(name as text), cast(type as text), cast(url as text), cast(hostname as text), cast(port as text), active from monitor order by id"
        ).fetchall()
        return [
            Monitor(number, name, kind or "", _address(kind or "", url, hostname, port), bool(active))
            for number, name, kind, url, hostname, port, active in rows
            if kind not in UNMEASURED
        ]

    def require_columns(self) -> None:
        for table, wanted in COLUMNS.items():
            found = [row[1] for row in self.connection.execute(f"pragma table_info({table})").fetchall()]
            missing = [column for column in wanted if column not in found]
            if not found:
                raise NotKuma(f"it has no table {table}; accepted: {ACCEPTED}")
            if missing:
                raise NotKuma(f"its table {table} has no column {', '.join(missing)}; accepted: {ACCEPTED}")

    @cached_property
    def whole_from(self) -> dict[int, str]:
        """By monitor, the time from which on no heartbeat was deleted among others. Of a day of which only changes remain, each would speak for max_hold
        and nothing for the rest: as many seconds down as up. Such a day is rather unknown."""
        if not self._one("select 1 from sqlite_master where type = 'table' and name = 'stat_minutely'"):  # where Kuma 2 sums up what it deletes
            return {monitor.id: "" for monitor in self.monitors}
        whole = f"{self.now - WHOLE:%Y-%m-%d %H:%M:%S}"
        oldest = "select cast(time as text) from heartbeat where monitor_id = ? and time >= '' and important = 0 order by time limit 1"
        return {monitor.id: min(whole, *(self._one(oldest, monitor.id) or ())) for monitor in self.monitors}

    def days(self, first: str) -> list[str]:
        """The UTC days with heartbeats, from a day on. Each is found by a step in the index on monitor and time: what lies before is not read."""
        days: set[str] = set()
        for monitor in self.monitors:
            from_time = max(first, self.whole_from[monitor.id])
            while row := self._one("select cast(time as text) from heartbeat where monitor_id = ? and time >= ? order by time limit 1", monitor.id, from_time):
                day = row[0][:10]
                if day + AFTER <= from_time:
                    raise NotKuma(f"a time of monitor {monitor.id} is no text ({row[0]!a}); accepted: text such as {TIME}, in UTC")
                days.add(day)
                from_time = day + AFTER
        return sorted(days)

    def extract(self, day: str) -> bytes:
        """The heartbeats of a UTC day with their monitors, as Parquet: the same heartbeats are the same bytes."""
        tables = []
        for monitor in self.monitors:
            rows = self.connection.execute(
                "select id, cast(time as text), cast(status as text), cast(ping as text) from heartbeat"
                " where monitor_id = ? and time >= ? and time < ? order by time, id",
                (monitor.id, max(day, self.whole_from[monitor.id]), day + AFTER),
            ).fetchall()
            if rows:
                same = ([value] * len(rows) for value in (monitor.id, monitor.name, monitor.type, monitor.address))
                tables.append(pa.table([*same, *zip(*rows, strict=True), self._certificates(monitor, day, [row[2] for row in rows])], schema=EXTRACT))
        if self.unopened is not None:
            self.unopened.require_untouched()
        written = io.BytesIO()
        pa_parquet.write_table(pa.concat_tables([EXTRACT.empty_table(), *tables]), written, compression="zstd")
        return written.getvalue()

    def _certificates(self, monitor: Monitor, day: str, statuses: list[str]) -> list[str | None]:
        """The end of the certificate for each heartbeat of a day. Kuma keeps only the certificate that it saw last: it is that of the monitor's newest
        successful heartbeat, and of those before nobody knows."""
        known: list[str | None] = [None] * len(statuses)
        is_newest_day = self._one("select 1 from heartbeat where monitor_id = ? and time >= ? limit 1", monitor.id, day + AFTER) is None
        if monitor.id in self.certificates and is_newest_day and UP in statuses and not (monitor.address or "").startswith("http:"):
            known[len(statuses) - 1 - statuses[::-1].index(UP)] = self.certificates[monitor.id]
        return known

    @cached_property
    def certificates(self) -> dict[int, str]:
        """By monitor, until when the certificate is valid that was seen last, in Kuma's words."""
        if [row[1] for row in self.connection.execute("pragma table_info(monitor_tls_info)").fetchall()].count("info_json") == 0:
            return {}
        rows = self.connection.execute("select monitor_id, cast(info_json as text) from monitor_tls_info where info_json is not null").fetchall()
        return {number: until for number, text in rows if (until := _valid_to(text)) is not None}

    def untimed(self) -> Iterator[str]:
        """Heartbeats that no day has: numbers sort before every text."""
        for monitor in self.monitors:
            if row := self._one("select time from heartbeat where monitor_id = ? and time < '' order by time limit 1", monitor.id):
                yield f"monitor {monitor.id} has heartbeats whose time is the number {row[0]}; accepted: text such as {TIME}, in UTC"

    def standstill(self, max_hold: timedelta) -> str | None:
        """Why there is no check that still speaks; None if there is one. No heartbeat is no success: it may be a Kuma that died, or another database."""
        active = [monitor for monitor in self.monitors if monitor.is_active]
        why = "Kuma stood still, or this is a copy that nobody renews" if active else "all of its monitors are paused" if self.monitors else "it has no monitor"
        seen = [moment for monitor in self.monitors if (moment := self._last_seen(monitor, self.now + AHEAD))]
        if not seen:
            return f"there is no heartbeat in it: {why}"
        return f"no heartbeat since {max(seen):%Y-%m-%d %H:%M} UTC: {why}" if max(seen) < self.now - max_hold else None

    def is_ahead(self) -> str | None:
        """Whether what was stored last bears a time that is yet to come."""
        row = self._one("select cast(time as text) from heartbeat order by id desc limit 1")
        moment = row and _moment(row[0])
        if moment and moment > self.now + AHEAD:
            return f"its newest heartbeat is of {moment:%Y-%m-%d %H:%M} UTC, and it is {self.now:%Y-%m-%d %H:%M}: the monitor's clock is wrong, or ours"
        return None

    def _last_seen(self, monitor: Monitor, until: datetime) -> datetime | None:
        times = self.connection.execute(
            "select cast(time as text) from heartbeat where monitor_id = ? and time < ? order by time desc", (monitor.id, f"{until:%Y-%m-%d}{AFTER}")
        )
        with closing(times):
            return next((moment for row in times if (moment := _moment(row[0])) and moment <= until), None)

    def _one(self, query: str, *parameters: object) -> tuple[str, ...] | None:
        found: tuple[str, ...] | None = self.connection.execute(query, parameters).fetchone()
        return found


@contextmanager
def opened(path: Path, now: datetime) -> Iterator[Kuma]:
    """One consistent view of a database that may be in use: a read transaction, which keeps no writer of a write-ahead log waiting and copies nothing.
    Beside a database that nobody has open SQLite would leave a -wal and a -shm of ours, which another user's Kuma then cannot write to. So that one is
    read as immutable; if a Kuma that died left it a -wal, both are copied, and the copy is read."""
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise NotKuma(f"it is {'empty' if not head else 'no SQLite database'}; accepted: {ACCEPTED}")
    if head[18] != WRITE_AHEAD or _beside(path, "-shm").exists():
        with _connected(path, "mode=ro") as connection:
            yield Kuma(connection, now)
        return
    found = path.stat()
    unopened = Unopened(path, found.st_size, found.st_mtime_ns)
    if not _beside(path, "-wal").exists():
        with _connected(path, "mode=ro&immutable=1") as connection:
            yield Kuma(connection, now, unopened)
        return
    with tempfile.TemporaryDirectory(prefix="kesiapan-kuma-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        shutil.copyfile(_beside(path, "-wal"), _beside(copy, "-wal"))
        unopened.require_untouched()
        with _connected(copy, "mode=ro") as connection:
            yield Kuma(connection, now)


@contextmanager
def _connected(path: Path, options: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True, timeout=WAIT_S, isolation_level=None)) as connection:
        connection.text_factory = partial(str, encoding="utf-8", errors="replace")
        connection.execute("begin")
        yield connection


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _address(kind: str, url: str | None, hostname: str | None, port: str | None) -> str | None:
    """Of what a monitor checks: scheme, host and port. A target without a scheme is `probe`, as that of any other prober; None where there is no host."""
    if kind in ADDRESSED_BY_URL or not hostname:
        written = url
    else:
        host = f"[{hostname}]" if hostname.count(":") > 1 else hostname
        written = f"probe://{host}" + (f":{port}" if port and port != "0" else "")
    try:
        parts = urlsplit(written or "")
        name, at = parts.hostname, parts.port
    except ValueError:  # a port that is no number, a bracket too many
        return None
    if not name:
        return None
    return f"{parts.scheme}://{f'[{name}]' if ':' in name else name}" + ("" if at is None else f":{at}")


def _valid_to(text: str) -> str | None:
    """Out of what Kuma notes of a certificate; None where it notes no such time, as for one that it could not read."""
    try:
        until = json.loads(text)["certInfo"]["validTo"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return until if isinstance(until, str) else None


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


# What is archived of it.


def arrive_from(warehouse: Warehouse) -> Arrive:
    """Archive an extract of each UTC day that is not committed yet. The day of the newest committed check is taken again: what came late is merged, and
    what has not changed is the same file. Nothing later is taken than a day that cannot be understood, so that no later check hides what is missing."""

    def arrive(feed: Feed, archive: Archive, clock: Clock) -> Arrival:
        assert feed.path is not None
        lying = arrival.recorded(feed.path)
        if len(lying.files) != 1 or lying.folders or lying.refused:
            if not lying.files:
                return arrival.take(feed, lying, archive, clock)
            number = len(lying.files) + len(lying.folders) + len(lying.refused)
            found = f"{feed.path.name!r} matches {number} entries of {feed.path.parent}"
            return Arrival(problems=[f"{feed.declared}: {found}; accepted: one file, a feed for each Kuma"])
        (file,) = lying.files
        stored: list[Artifact] = []
        problems: list[str] = []
        try:
            with opened(file, clock()) as kuma:
                kuma.require_columns()
                for day in kuma.days(_first_day(warehouse, feed)):
                    name = f"heartbeat {arrival.shown(day)}"
                    data = kuma.extract(day)
                    artifact = archive.store(feed.id, name, data, clock())
                    stored.append(artifact)
                    try:
                        parse(data, artifact)
                    except Unreadable as error:
                        raise NotKuma(f"{name}: {error}; nothing later was taken") from error
                problems += kuma.untimed()
                problems += filter(None, [kuma.is_ahead(), kuma.standstill(timedelta(seconds=max(feed.max_hold_s, 1)))])
        except NotKuma as error:
            problems.append(str(error))
        except (sqlite3.Error, OSError) as error:
            problems.append(_sentence(error))
        return Arrival(stored, [f"{feed.declared}: {file.name}: {problem}" for problem in problems])

    return arrive


def _first_day(warehouse: Warehouse, feed: Feed) -> str:
    """The UTC day from which on heartbeats are taken; an empty text, and so all of them, where none is committed."""
    if not warehouse.path.exists():
        return ""
    with warehouse.open_for_reading() as connection:
        latest = lake_day.latest(connection, feed.id)
    return "" if latest is None else f"{latest.astimezone(UTC) - OVERLAP:%Y-%m-%d}"


def _sentence(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, OSError):
        return f"it cannot be read ({error.strerror})"
    if getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"another program has kept it locked for {WAIT_S:g} s; the next run reads it again"
    return f"SQLite cannot read it ({error}); if it is a copy, make it with sqlite3 kuma.db '.backup copy.db': a plain copy of a running Kuma is torn"


# How an extract is read.


def parse(data: bytes, artifact: Artifact) -> pa.Table:
    """One row per heartbeat, in the columns of a check log; `source_row` counts them. A service is what its monitor is called."""
    try:
        extract = pa_parquet.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise Unreadable(f"this is no extract of an Uptime Kuma ({str(error)[:100]}); accepted: what a feed of kind uptime_kuma archived") from error
    if extract.schema.equals(EARLIER):
        extract = extract.append_column(EXTRACT.field("certificate_expires_at"), pa.nulls(extract.num_rows, pa.string()))
    if not extract.schema.equals(EXTRACT):
        raise Unreadable(f"the columns of this extract are {', '.join(extract.column_names)[:200]}; accepted: {', '.join(EXTRACT.names)}")
    name, time, status, ping = (extract.column(column) for column in ("monitor", "time", "status", "ping"))
    name = pc.utf8_trim_whitespace(name)
    service = pc.if_else(pc.equal(name, ""), None, name)
    zoned = pc.if_else(pc.match_substring_regex(time, WITHOUT_ZONE), pc.binary_join_element_wise(pc.replace_substring(time, "T", " "), "+00", ""), time)
    _refuse_doubled(extract, service, zoned)
    for number, meaning in STATUS.items():
        status = pc.if_else(pc.equal(status, number), meaning, status)
    columns = {
        "service": service,
        "url": extract.column("address"),
        "checked_at": zoned,
        "status": status,
        "latency_ms": pc.if_else(pc.equal(ping, "-1"), None, ping),
        "http_code": pa.nulls(extract.num_rows, pa.string()),
        "vantage": pa.nulls(extract.num_rows, pa.string()),
        "certificate_expires_at": extract.column("certificate_expires_at"),
    }
    table = pa.table({"source_row": pa.array(range(1, extract.num_rows + 1), pa.int64())} | {column: columns[column] for column in check_log.ACCEPTED})
    return with_source_columns(table, extract.column_names)


def _refuse_doubled(extract: pa.Table, service: pa.ChunkedArray, time: pa.ChunkedArray) -> None:
    """Two monitors may follow each other under one name. Side by side, nobody can say which of them is the service."""
    grouped = pa.table({"service": service, "monitor": extract.column("monitor_id"), "time": time}).group_by(["service", "monitor"])
    spans = grouped.aggregate([("time", "min"), ("time", "max")])
    ordered = sorted(
        zip(*(spans.column(name).to_pylist() for name in ("service", "time_min", "time_max", "monitor")), strict=True),
        key=lambda span: (span[0] or "", span[1:]),
    )
    for (name, _, last, one), (following, first, _, other) in pairwise(ordered):
        if name is not None and name == following and first <= last:
            raise Unreadable(f"monitors {one} and {other} are both called {name!r}; accepted: a name for each, give one of them another in Kuma")


def reader(feed: Feed, lake: Lake) -> Reader:
    return Reader("uptime_kuma 2", check.suite_of(feed), parse, check_log.stage, partial(lake_day.promote, lake=lake))
