"""Uptime: how check logs are read, and that days and incidents come out the same however the checks arrive, by an independent reckoning."""

import gzip
import io
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.parquet as pa_parquet
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assets.uptime import check_log, lake_day, roll_up
from expectations import gate
from expectations.check import STATUSES, suite_of
from expectations.intake import Batch, Counts, FeedOutcome, Unreadable
from pipelines.rebuild import rebuild
from pipelines.settings import Settings
from tests.conftest import ROOT
from tests.site import HOUR, ROLLED_UP, DayRow, IncidentRow, Site, days_of, incidents_of, whole_tables
from warehouse import database, migrations, reference
from warehouse.archive import Archive, Artifact
from warehouse.database import transaction
from warehouse.files import sql_of
from warehouse.home import Home
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind, Government, Service

SAMPLE = ROOT / "samples" / "uptime" / "kalbar_checks.csv"
RECEIVED = datetime(2026, 12, 1, tzinfo=UTC)
START = datetime(2026, 10, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WEEK_MINUTES = 7 * 24 * 60
MAX_HOLD_S = 26 * 3600
MAKASSAR = Government("99", "Contoh", "Asia/Makassar")
# Berlin has no check of ours; its summer time ends within the week of the generated checks, so a day of 25 hours is among them.
ZONES = ("Asia/Makassar", "Asia/Jayapura", "UTC", "Europe/Berlin")
ARTIFACT = Artifact("0" * 64, 0, "text/csv", "checks", "checks.csv", RECEIVED)


@dataclass(frozen=True)
class Check:
    service: str
    at: datetime
    status: str
    latency_ms: int | None = None
    vantage: str = "-"


def feed(zone: str = "Asia/Makassar", max_hold_s: int = MAX_HOLD_S, services: tuple[Service, ...] = ()) -> Feed:
    return Feed(
        "checks", FeedKind.CHECK_LOG, replace(MAKASSAR, timezone=zone), path=Path("checks.csv"), max_hold_s=max_hold_s, objective=0.99, services=services
    )


def as_csv(checks: Sequence[Check]) -> bytes:
    """A log as a monitor writes it; every third time is spelt the way JavaScript does."""
    lines = ["service,checked_at,status,latency_ms,vantage"]
    for number, check in enumerate(checks):
        spelt = check.at.strftime("%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)") if number % 3 == 2 else check.at.isoformat()
        lines.append(f"{check.service},{spelt},{check.status},{'' if check.latency_ms is None else check.latency_ms},{check.vantage}")
    return ("\n".join(lines) + "\n").encode()


def staged(data: bytes, artifact: Artifact = ARTIFACT, zone: str = "Asia/Makassar") -> list[dict[str, object]]:
    with database.scratch() as connection:
        check_log.stage(connection, check_log.parse(data, artifact), feed(zone), artifact)
        found = connection.execute("select * from batch order by source_row")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


# Reading.


def test_a_name_with_a_nul_is_a_name(site: Site) -> None:
    """DuckDB cannot keep it as one of few (ENUM)."""
    names = ("service", "url", "status", "vantage")
    rows = [{"service": "a", "url": "https://a.go.id", "checked_at": START.isoformat(), "status": "up", "vantage": "x"}]
    for number, name in enumerate(names, start=1):
        rows.append(rows[0] | {"checked_at": (START + MINUTE * number).isoformat(), name: f"{rows[0][name][:-1]}\0{rows[0][name][-1:]}"})
    sink = io.BytesIO()
    pa_parquet.write_table(pa.Table.from_pylist(rows), sink)
    outcome = site.bring("checks.parquet", sink.getvalue())
    assert (outcome.status, outcome.added, outcome.rejected) == ("ok", 4, 1)
    kept = [("\0a", "https://a.go.id", "x"), ("a", "https://a.go.i\0d", "x"), ("a", "https://a.go.id", "\0x"), ("a", "https://a.go.id", "x")]
    assert site.checks("service, url, vantage") == sorted(kept)
    assert site.set_aside() == [("check.status_known",)]


def test_many_names_come_out_as_few_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        f"s{number % 7},https://s{number % 5}.go.id/{number},{(START + MINUTE * number).isoformat()},{('up', 'Aktif', 'down', 'odd')[number % 4]},{number}"
        for number in range(300)
    ]
    log = "\n".join(["service,url,checked_at,status,latency_ms", *lines, lines[0], ",,,up,"]).encode()
    found = []
    for most in (10_000, 0):
        monkeypatch.setattr(check_log, "MOST_NAMES", most)
        (tmp_path / str(most)).mkdir()
        site = Site(tmp_path / str(most), replace(feed(), hosts=("s1.go.id", "s2.go.id")), now=RECEIVED)
        outcome = site.bring("checks.csv", log)
        site.roll_up()
        said = [
            site.query(query)
            for query in (
                "select rule_id, business_key, row, reason from quality.failed_row order by all",
                "select column_name, rows, nulls, min_value, max_value, mean, top_values from quality.column_profile order by all",
                "select day, sha256 from meta.lake_partition order by day",
            )
        ]
        found.append((outcome.added, outcome.rejected, site.tables(), said))
    assert found[0] == found[1]
    assert found[0][:2] == (90, 212)


@pytest.mark.parametrize(
    ("at", "zone", "period"),
    [("2018-01-01T00:00:00Z", "America/New_York", "2017-Q4"), ("2199-12-31T23:59:00Z", "Asia/Jakarta", "2200-Q1"), (START.isoformat(), "UTC", "2026-Q4")],
)
def test_each_plausible_moment_has_a_quarter_in_any_zone(at: str, zone: str, period: str) -> None:
    assert staged(f"service,checked_at,status\na,{at},up\n".encode(), zone=zone)[0]["period"] == period


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2022-08-24T06:43:03Z", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24T06:43:03.250Z", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("2022-08-24T14:43:03+08:00", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24 06:43:03+00", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("Wed Aug 24 2022 06:43:03 GMT+0000 (Coordinated Universal Time)", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("Wed Aug 24 2022 14:43:03 GMT+0800 (Waktu Indonesia Tengah)", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("Wed Aug 24 2022 06:43:03 GMT+0000", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24 14:43:03 +0800", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24T06:43Z", datetime(2022, 8, 24, 6, 43, tzinfo=UTC)),
        ("2022-08-24 14:43+08:00", datetime(2022, 8, 24, 6, 43, tzinfo=UTC)),
        ("2022-08-24 06:43", datetime(2022, 8, 24, 6, 43, tzinfo=UTC)),
        ("Wed, 24 Aug 2022 06:43:03 GMT", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("Wed, 24 Aug 2022 14:43:03 +0800", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("Wed, 24 Aug 2022 14:43:03 WITA", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24 13:43:03 WIB", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24T13:43:03.250WIB", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("2022-08-24 15:43 WIT", datetime(2022, 8, 24, 6, 43, tzinfo=UTC)),
        ("2022-08-24 06:43:03 UTC", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24 06:43:03 CST", None),
        ("2022-08-24 06:43:03 IST", None),
        ("2022-08-24 08:43:03 PM", None),
        ("2022-08-24 14:43:03 Asia/Makassar", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24 06:43:03", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("1661323383", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("1661323383.25", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("1661323383250", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("1661323383250000000", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("1.661323383E9", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("1.66132E+12", None),  # what a spreadsheet leaves of one
        ("2022-08-24T06:43:03z", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24T06:43:03,250Z", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("2022-08-24 06:43:03,250", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("20220824T064303Z", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("20220824T144303+0800", datetime(2022, 8, 24, 6, 43, 3, tzinfo=UTC)),
        ("2022-08-24 06:43:03.25 +0000 UTC", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("2022-08-24 13:43:03.250000001 +0700 WIB", datetime(2022, 8, 24, 6, 43, 3, 250000, tzinfo=UTC)),
        ("2017-12-31T23:59:59Z", None),
        ("2018-01-01T00:00:00Z", datetime(2018, 1, 1, tzinfo=UTC)),
        ("946684800", None),  # 2000: a device without a battery
        ("20220824", None),
        ("20220824064303", None),
        ("24/08/2022 06:43:03", None),
        ("yesterday", None),
        ("2022-13-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_times_that_can_mean_one_moment_only_are_read_and_others_are_no_time(written: str, meant: datetime | None) -> None:
    (row,) = staged(f'service,checked_at,status\ndinkes,"{written}",up\n'.encode())
    assert (row["checked_at"], row["checked_at_text"]) == (meant, written or None)


def test_the_real_log_of_kalimantan_barat_is_read_whole() -> None:
    rows = staged(SAMPLE.read_bytes())
    assert len(rows) == len(SAMPLE.read_text(encoding="utf-8").splitlines()) - 1
    assert [row["source_row"] for row in rows] == list(range(2, len(rows) + 2))
    assert {row["status"] for row in rows} == {"up", "down"}
    assert [row for row in rows if row["checked_at"] is None] == []
    assert [row for row in rows if row["host"] is None] == []


def test_names_of_other_monitors_are_understood() -> None:
    (row,) = staged(
        b" Slug ,TARGET,ts,Status,response_time_ms,status_code,extra\ndinkes,https://Dinkes.Example.GO.ID:8443/x,2026-09-01T00:00:00Z,Degraded,120,200,x\n"
    )
    assert (row["service"], row["host"], row["status"], row["status_text"], row["latency_ms"], row["http_code"]) == (
        "dinkes",
        "dinkes.example.go.id",
        "up",
        "Degraded",
        120.0,
        200,
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("dinkes.go.id", "dinkes.go.id"),
        ("Dinkes.go.id:443/masuk", "dinkes.go.id"),
        ("icmp://10.1.1.1", "10.1.1.1"),
        ("https://pemantau:rahasia@dinkes.go.id/", "dinkes.go.id"),
        ("https://dinkes.go.id:x@example.com/", "example.com"),
        ("", None),
    ],
)
def test_the_host_of_a_target_is_known_however_the_target_is_written(url: str, host: str | None) -> None:
    (row,) = staged(f"service,checked_at,status,url\ndinkes,2026-09-01T00:00:00Z,up,{url}\n".encode())
    assert row["host"] == host


def test_a_failed_check_has_no_latency_read_and_a_code_of_nought_is_none() -> None:
    (row,) = staged(b"service,checked_at,status,latency_ms,http_code\ndinkes,2026-09-01T00:00:00Z,down,30000,0\n")
    assert (row["latency_ms"], row["latency_ms_text"], row["http_code"]) == (None, None, None)


@pytest.mark.parametrize("name", ["vantage", "probe", "Location", "region", "prober"])
@pytest.mark.parametrize(("written", "meant"), [("Banjarbaru", "Banjarbaru"), (" luar ", "luar"), ("", "-"), (" ", "-"), ("-", "-")])
def test_a_check_says_from_where_it_was_made(name: str, written: str, meant: str) -> None:
    (row,) = staged(f"service,checked_at,status,{name}\ndinkes,2026-09-01T00:00:00Z,up,{written}\n".encode())
    assert row["vantage"] == meant


def test_a_log_without_vantage_and_certificate_has_one_vantage_and_knows_no_certificate() -> None:
    (row,) = staged(b"service,checked_at,status\ndinkes,2026-09-01T00:00:00Z,up\n")
    assert (row["vantage"], row["certificate_expires_at"], row["certificate_expires_at_text"]) == ("-", None, None)


FEBRUARY = datetime(2027, 2, 23, 6, 43, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant", "is_set_apart"),
    [
        ("2027-02-23T06:43:03Z", FEBRUARY, False),
        (" 2027-02-23T14:43:03+08:00", FEBRUARY, False),
        ("2027-02-23 06:43:03", FEBRUARY, False),
        ("Tue Feb 23 2027 06:43:03 GMT+0000 (Coordinated Universal Time)", FEBRUARY, False),
        (f"{FEBRUARY.timestamp():.0f}", FEBRUARY, False),
        (f"{FEBRUARY.timestamp():.3f}", FEBRUARY, False),
        (f"{FEBRUARY.timestamp():.9e}", FEBRUARY, False),
        *((none, None, False) for none in ("", " ", "0", "-1", "NaN", "-6.21355968e+10")),
        *((absurd, None, True) for absurd in ("soon", "2027", "20270223", "+Inf", "-inf ago", "infinity", "1e300", f"{FEBRUARY.timestamp() * 1000:.0f}")),
        ("9999-12-31T23:59:59Z", None, True),
        ("1970-01-02T00:00:00Z", None, True),
    ],
)
def test_the_end_of_a_certificate_is_a_time_or_seconds_and_what_is_neither_is_shown(written: str, meant: datetime | None, is_set_apart: bool) -> None:
    (row,) = staged(f"service,checked_at,status,cert_expiry\ndinkes,2026-09-01T00:00:00Z,down,{written}\n".encode())
    assert row["certificate_expires_at"] == meant
    assert (row["certificate_expires_at_text"] is not None and row["certificate_expires_at"] is None) == is_set_apart


def test_codes_and_names_that_look_like_numbers_stay_text() -> None:
    (row,) = staged(b'service,checked_at,status\n"007","2026-09-01T00:00:00Z",up\n')
    assert row["service"] == "007"


def test_blanks_around_names_and_cells_mean_nothing() -> None:
    written = "status, Service , checked_at,latency_ms,vantage\n DOWN , 007\t, 2026-09-01T00:00:00Z ,, jkt\nup , \u00a0 ,2026-09-01T00:05:00Z, 12.5 ,\n"
    first, second = staged(written.encode())
    assert (first["service"], first["checked_at"], first["status"], first["vantage"]) == ("007", datetime(2026, 9, 1, tzinfo=UTC), "down", "jkt")
    assert (second["service"], second["status"], second["latency_ms"]) == (None, "up", 12.5)


def test_parquet_says_the_same_as_csv() -> None:
    checks = [Check("dinkes", START + number * HOUR, "up" if number % 2 else "down", 10 * number) for number in range(5)]
    table = pa.table(
        {
            "service": [check.service for check in checks],
            "checked_at": pa.array([check.at for check in checks], pa.timestamp("us", "UTC")),
            "status": [check.status for check in checks],
            "latency_ms": pa.array([check.latency_ms for check in checks], pa.int32()),
        }
    )
    buffer = io.BytesIO()
    pa_parquet.write_table(table, buffer)
    wanted = ("source_row", "service", "checked_at", "status", "latency_ms")
    from_parquet, from_csv = ([[row[name] for name in wanted] for row in staged(data)] for data in (buffer.getvalue(), as_csv(checks)))
    assert from_parquet == from_csv


def parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pa_parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", [pa.float64(), pa.int64(), pa.decimal128(25, 3)])
def test_milliseconds_in_parquet_are_moments_whatever_kind_of_number_they_are(kind: pa.DataType) -> None:
    """Arrow writes a float of so many milliseconds with an exponent where it ends in zeros."""
    written = [1_790_784_000_000, 1_790_784_060_000, 1_790_790_000_000, 1_790_784_000_250]
    data = parquet(service=["a"] * 4, checked_at=pa.array(written, pa.int64()).cast(kind), status=["up"] * 4, latency_ms=[5.0, 0.25, 2e3, None])
    rows = staged(data)
    assert [round(row["checked_at"].timestamp() * 1000) for row in rows] == written
    assert [row["latency_ms"] for row in rows] == [5, 0.25, 2000, None]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Makassar", "+08:00"])
def test_the_timestamps_of_parquet_are_moments_with_or_without_a_zone(unit: str, zone: str | None) -> None:
    at = FEBRUARY if zone else FEBRUARY.replace(tzinfo=None)
    (row,) = staged(parquet(service=["a"], checked_at=pa.array([at], pa.timestamp(unit, zone)), status=["up"]))
    assert row["checked_at"] == FEBRUARY


def test_what_parquet_calls_true_one_or_a_category_is_a_status() -> None:
    of_kind = [
        pa.array([True, False]),
        pa.array([1, 0]),
        pa.array([1.0, 0.0]),
        pa.array(["Up", "Down"]).dictionary_encode(),
    ]
    for statuses in of_kind:
        rows = staged(parquet(service=["a", "a"], checked_at=pa.array([FEBRUARY, FEBRUARY + HOUR]), is_up=statuses))
        assert [row["status"] for row in rows] == ["up", "down"], statuses.type


@pytest.mark.parametrize(
    ("meaning", "words"),
    [
        ("up", "UP,degraded,Online,OK,operational,available,healthy,success,true,TRUE,t,yes,aktif,Hidup,naik,daring,tersedia,ya,1,1.0"),
        ("down", "Down,OFFLINE,critical,unavailable,unhealthy,failure,failed,fail,false,False,f,no,Tidak Aktif,tidak_aktif,mati,turun,luring,tidak,0,0.0"),
        ("maintenance", "maintenance,Under Maintenance,under_maintenance,pemeliharaan"),
        ("unknown", "unknown,paused,pending,unconfirmed_down,seems down,tidak diketahui"),
    ],
)
def test_words_that_can_mean_one_thing_only_are_statuses_in_either_language(meaning: str, words: str) -> None:
    rows = staged(("service,checked_at,status\n" + "".join(f"a,2026-09-01T00:00:00Z,{word}\n" for word in words.split(","))).encode())
    assert {row["status_text"] for row in rows if row["status"] != meaning} == set()


@pytest.mark.parametrize("word", ["warning", "200", "503", "2", "-1", "NaN", "inf", "gangguan", "unreachable", "up (200 OK)", "inactive"])
def test_words_that_can_mean_several_things_are_no_status(word: str) -> None:
    first, second = staged(f"service,checked_at,status\na,2026-09-01T00:00:00Z,{word}\na,2026-09-01T01:00:00Z,down\n".encode())
    assert first["status"] not in STATUSES
    assert (first["status_text"], second["status"]) == (word, "down")


@pytest.mark.parametrize("numbers", [(0, 0, 2), (1, 0, 2, 3), (2, 9, 1), (1, 200)])
def test_one_and_nought_beside_other_numbers_may_be_any_monitors_and_are_no_status(numbers: tuple[int, ...]) -> None:
    """0 is good in Nagios, 2 in UptimeRobot: what is taken for up would be down there."""
    rows = staged(("service,checked_at,status\n" + "".join(f"a,2026-09-01T00:00:00Z,{number}\n" for number in numbers)).encode())
    assert [row["status"] for row in rows] == [str(number) for number in numbers]


@pytest.mark.parametrize(
    ("header", "cells", "latency_ms"),
    [
        ("Service Name,Checked At,Status,Response Time (ms)", "dinkes,2027-02-23T06:43:03Z,up,120.5", 120.5),
        ("slug,url,status,code,responseTime,lastUpdated", "dinkes,https://dinkes.go.id,up,200,120,2027-02-23T06:43:03Z", None),
        ("check_name;time;success;latency_s", "dinkes;1803364983;t;0,1205", 120.5),
        ("monitor\tDate-Time\tIs-Up\tping", "dinkes\t2027-02-23 06:43:03\tFALSE\t", None),
        ("Layanan;Waktu;Status;waktu_respons_ms", "dinkes;2027-02-23 13:43:03 WIB;aktif;120,5", 120.5),
        ("instance,timestamp,probe_success,probe_duration_seconds", "dinkes,1803364983,1,0.1205", 120.5),
        ("service,checked_at,status,latency_ms,latency_s", "dinkes,2027-02-23T06:43:03Z,up,120.5,9", 120.5),
        ("sep=;\r\nservice;checked_at;status", "dinkes;2027-02-23T06:43:03Z;up", None),
    ],
)
def test_columns_are_known_by_what_other_monitors_call_them(header: str, cells: str, latency_ms: float | None) -> None:
    (row,) = staged(f"{header}\r\n{cells}\r\n".encode())
    assert (row["service"], row["checked_at"], row["latency_ms"]) == ("dinkes", FEBRUARY, latency_ms)
    assert row["status"] == ("down" if "FALSE" in cells else "up")


def test_a_status_that_is_the_answers_code_is_no_status_where_another_column_says_whether_it_was_up() -> None:
    rows = staged(b"name,service,timestamp,status,success\nx,dinkes,1803364983,200,true\nx,dinkes,1803365043,503,false\n")
    assert [(row["status"], row["http_code"]) for row in rows] == [("up", 200), ("down", 503)]
    (row,) = staged(b"service,timestamp,status,success\ndinkes,1803364983,up,0\n")
    assert (row["status"], row["http_code"]) == ("up", None)
    (row,) = staged(b"service,timestamp,status,success,code\ndinkes,1803364983,200,0,404\n")
    assert (row["status"], row["http_code"]) == ("down", 404)


def test_what_prometheus_probes_is_the_service_and_its_address() -> None:
    (row,) = staged(b"instance,timestamp,probe_success\nhttps://dinkes.go.id/x,1803364983,1\n")
    assert (row["service"], row["host"]) == ("https://dinkes.go.id/x", "dinkes.go.id")


def test_a_log_in_utf_16_is_a_log_and_rows_without_anything_in_them_are_none() -> None:
    written = "service,checked_at,status\ndinkes,2027-02-23T06:43:03Z,up\n\n,,\n , ,\n,2027-02-23T07:43:03Z,\n"
    for data in (written.encode("utf-16"), written.encode("utf-8-sig")):
        assert [(row["source_row"], row["service"], row["checked_at"]) for row in staged(data)] == [(2, "dinkes", FEBRUARY), (5, None, FEBRUARY + HOUR)]


@pytest.mark.parametrize("written", ['"1,234"', '"120,5"', "1.234.567", "120 ms", "n/a", "0.12s", "-1", "700000"])
def test_a_latency_that_cannot_be_read_is_a_warning_and_the_check_counts(site: Site, written: str) -> None:
    outcome = site.bring("checks.csv", f"service,checked_at,status,latency_ms\na,{START.isoformat()},up,{written}\na,{START.isoformat()},down,x\n".encode())
    assert (outcome.status, outcome.rejected) == ("ok", 0)
    assert site.query("select row_key, severity from quality.failed_row where rule_id = 'check.latency_plausible'") == [
        (f"{site.archive.artifacts('checks')[0].sha256}:2", "warning")
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b"service,when,status\ndinkes,2026,up\n",
            r"columns missing: checked_at \(checked_at or last_updated or timestamp or .*\); found: service, when, status",
        ),
        (b"a,b\n1,2\n", r"columns missing: service .*, checked_at .*, status"),
        (b"service|checked_at|status\ndinkes|2026-09-01|up\n", r"columns missing: .*; found: service\|checked_at\|status; accepted: CSV .* tab between cells"),
        (b"service;checked_at;status\ndinkes;2026-09-01;up\nx;y\n", "Row #3: Expected 3 columns, got 2: x;y; accepted: .* as many cells in each row"),
        (
            b"service,checked_at,Check Time,status,STATUS \na,2026,2026,up,up",
            "columns that stand more than once: status; found: .*; accepted: each of them once",
        ),
        (gzip.compress(b"service,checked_at,status\n"), r"the file is compressed \(gzip\); accepted: CSV .*, or Parquet"),
        (b"PK\x03\x04\x14", "the file is a ZIP archive or a workbook; accepted: CSV"),
        (b'\xef\xbb\xbf [{"service": "a"}]', "the file is JSON; accepted: CSV"),
        (b"<!doctype html><html></html>", "the file is a web page or XML; accepted: CSV"),
        (parquet(service=["a"], checked_at=[FEBRUARY], status=[{"up": 1}]), "column status cannot be read: it is of type struct.*; accepted: text, numbers"),
        (parquet(service=["a"], checked_at=[FEBRUARY], status=["up"], latency_ms=[HOUR]), "column latency_ms .* of type duration"),
        (parquet(service=[b"\xff"], checked_at=[FEBRUARY], status=["up"]), "column service .* of type binary"),
        (parquet(service=["a"], checked_at=[time(1, 2)], status=["up"]), "column checked_at .* of type time"),
        (b"service,checked_at,status,Status\ndinkes,2026-09-01,up,down\n", "columns that stand more than once: status; found: .*; accepted: each of them once"),
        (b"", "."),
        (b"\x00\x01\x02\x03", "neither CSV nor Parquet"),
        (b"PAR1 no parquet", "Parquet file cannot be read"),
        (b"service,checked_at,status\ndinkes,2026\n", "CSV cannot be read"),
        (b"service,checked_at,status\n\xff\xfe,2026,up\n", "CSV cannot be read"),
    ],
    ids=[
        "one missing",
        "all missing",
        "bars",
        "short row of semicolons",
        "one twice in other words",
        "gzip",
        "zip",
        "json",
        "web page",
        "struct",
        "duration",
        "no text",
        "time of day",
        "one twice",
        "empty",
        "binary",
        "no parquet",
        "short row",
        "not UTF-8",
    ],
)
def test_what_is_no_check_log_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        check_log.parse(data, ARTIFACT)


@settings(max_examples=100, deadline=None)
@given(start=st.sampled_from([b"", b"PAR1", b"service,checked_at,status\n", b'"service","checked_at","status"\r\n']), rest=st.binary(max_size=200))
def test_any_bytes_are_a_log_or_are_refused(start: bytes, rest: bytes) -> None:
    try:
        table = check_log.parse(start + rest, ARTIFACT)
    except Unreadable:
        return
    assert table.column("source_row").to_pylist() == list(range(2, table.num_rows + 2))
    assert {table.schema.field(name).type for name in check_log.ACCEPTED} == {pa.string()}


# The reckoning, by hand.


def reckon(checks: Sequence[Check], zone: str, max_hold_s: int) -> tuple[list[DayRow], list[IncidentRow]]:
    """Service-days and incidents of checks of which no two are of one service and moment, second by interval."""
    cut = ZoneInfo(zone)
    latest = max(check.at for check in checks)
    of_service: dict[str, list[Check]] = defaultdict(list)
    for check in sorted(checks, key=lambda check: check.at):
        of_service[check.service].append(check)
    days: list[DayRow] = []
    incidents: list[IncidentRow] = []
    for service, mine in sorted(of_service.items()):
        held = []
        for check, following in zip(mine, [*mine[1:], None], strict=True):
            until = min(latest if following is None else following.at, check.at + timedelta(seconds=max_hold_s))
            held.append((check, until))
        day = mine[0].at.astimezone(cut).date()
        last = latest.astimezone(cut).date()
        for _ in range((last - day).days + 1):
            begin, end = (datetime.combine(one, time(), cut).astimezone(UTC) for one in (day, day + timedelta(days=1)))
            seconds = dict.fromkeys(("up", "down", "maintenance", "unknown"), 0)
            for check, until in held:
                seconds[check.status] += max(0, int((min(until, end) - max(check.at, begin)).total_seconds()))
            told = seconds["up"] + seconds["down"] + seconds["maintenance"]
            on_day = [check for check in mine if begin <= check.at < end]
            unknown = int((end - begin).total_seconds()) - told
            failures = sum(check.status == "down" for check in on_day)
            days.append((service, day, seconds["up"], seconds["down"], unknown, seconds["maintenance"], len(on_day), failures))
            day += timedelta(days=1)
        open_: tuple[datetime, int] | None = None
        for check, until in held:
            if check.status == "down":
                started, down_s = open_ or (check.at, 0)
                open_ = (started, down_s + int((until - check.at).total_seconds()))
            elif check.status == "up" and open_ is not None:
                incidents.append((service, open_[0], check.at, open_[1], False))
                open_ = None
        if open_ is not None:
            incidents.append((service, open_[0], None, open_[1], True))
    return days, sorted(incidents, key=lambda incident: incident[:2])


@dataclass(frozen=True)
class Station:
    """An empty warehouse in memory with its lake, into which checks go straight: staged, promoted and rolled up, but not judged."""

    connection: duckdb.DuckDBPyConnection
    lake: Lake

    def promote(self, feed: Feed, checks: Sequence[Check], received_at: datetime = RECEIVED) -> tuple[str, ...]:
        """The quarters that are due now."""
        counts = self.take(feed, as_csv(checks), received_at)
        assert counts.added + counts.updated + counts.unchanged == len(checks)
        return counts.periods

    def take(self, feed: Feed, data: bytes, received_at: datetime) -> Counts:
        artifact = Archive(self.lake.root / "archive").store(feed.id, "checks.csv", data, received_at)
        check_log.stage(self.connection, check_log.parse(data, artifact), feed, artifact)
        gate.find_suspects(self.connection, suite_of(feed))
        self.connection.execute("create or replace temp view accepted as select * from batch")
        with transaction(self.connection):
            return lake_day.promote(self.connection, Batch("batch", feed, artifact, received_at, "run"), self.lake)

    def roll_up(self, feed: Feed) -> roll_up.RollUp:
        return roll_up.roll_up(self.connection, self.lake, feed)


@pytest.fixture(scope="module")
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        reference.load(connection, (MAKASSAR,))
        yield connection


@contextmanager
def emptied(connection: duckdb.DuckDBPyConnection, zone: str) -> Iterator[Station]:
    for table in (*ROLLED_UP, "uptime.service_quarter", "meta.lake_partition"):
        connection.execute(f"delete from {table}")
    connection.execute("update ref.government set timezone = $1 where code = $2", [zone, MAKASSAR.code])
    with TemporaryDirectory(prefix="kesiapan-lake-") as folder:
        yield Station(connection, Lake(Path(folder)))


@st.composite
def check_sets(draw: st.DrawFn) -> list[Check]:
    """A few checks of one to three services within a week: sparse, so that services fall silent for days; no two of one service and moment."""
    services = draw(st.integers(1, 3))
    keys = draw(st.lists(st.tuples(st.sampled_from("abc"[:services]), st.integers(0, WEEK_MINUTES)), min_size=1, max_size=14, unique=True))
    checks = []
    for service, minute in keys:
        status = draw(st.sampled_from(("up", "up", "down", "down", "unknown", "maintenance")))
        checks.append(Check(service, START + minute * MINUTE, status, draw(st.integers(1, 900)) if status == "up" else None))
    return checks


@dataclass(frozen=True)
class Batches:
    """Checks in the batches they come in; some come in more than one. `rolled` says after which batches the roll-up runs."""

    batches: tuple[tuple[Check, ...], ...]
    rolled: tuple[bool, ...]

    @property
    def checks(self) -> list[Check]:
        return sorted({check for batch in self.batches for check in batch}, key=lambda check: (check.service, check.at))


@st.composite
def arrivals(draw: st.DrawFn, most: int = 4) -> Batches:
    checks = draw(check_sets())
    count = draw(st.integers(1, most))
    batches: list[list[Check]] = [[] for _ in range(count)]
    for check in checks:
        batches[draw(st.integers(0, count - 1))].append(check)
    again = draw(st.lists(st.tuples(st.integers(0, count - 1), st.sampled_from(checks)), max_size=4))
    for number, check in again:
        if check not in batches[number]:
            batches[number].append(check)
    filled = [tuple(batch) for batch in batches if batch]
    return Batches(tuple(filled), tuple(draw(st.booleans()) for _ in filled))


HOLDS = st.sampled_from([60, 3600, MAX_HOLD_S, 50 * 3600])
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@example(checks=[Check("a", START + timedelta(hours=15), "down"), Check("b", START + timedelta(days=4), "up", 9)], zone="Asia/Makassar", max_hold_s=MAX_HOLD_S)
@given(checks=check_sets(), zone=st.sampled_from(ZONES), max_hold_s=HOLDS)
def test_days_and_incidents_are_those_reckoned_by_hand(memory: duckdb.DuckDBPyConnection, checks: list[Check], zone: str, max_hold_s: int) -> None:
    with emptied(memory, zone) as station:
        its_feed = feed(zone, max_hold_s)
        station.promote(its_feed, checks)
        done = station.roll_up(its_feed)
        days, incidents = reckon(checks, zone, max_hold_s)
        assert days_of(memory) == days
        assert incidents_of(memory) == incidents
        assert (done.service_days, done.incidents) == (len(days), len(incidents))
        ratios = memory.execute("select availability, availability_strict, coverage from uptime.service_day order by service_id, day").fetchall()
        for (_, _, up, down, unknown, maintenance, _, _), (availability, strict, coverage) in zip(days, ratios, strict=True):
            whole = up + down + unknown + maintenance
            assert availability == (pytest.approx(up / (up + down)) if up + down else None)
            assert strict == (pytest.approx(up / (whole - maintenance)) if whole > maintenance else None)
            assert coverage == pytest.approx((whole - unknown) / whole)


def test_a_daily_check_that_holds_for_26_hours_crosses_two_midnights(memory: duckdb.DuckDBPyConnection) -> None:
    """22:30 in Makassar: an hour and a half of that day, all of the next, half an hour of the one after."""
    with emptied(memory, "Asia/Makassar") as station:
        late = datetime(2026, 10, 23, 14, 30, tzinfo=UTC)
        station.promote(feed(), [Check("a", late, "up", 5), Check("b", late + timedelta(days=3), "up", 5)])
        station.roll_up(feed())
        assert [row[2:5] for row in days_of(memory) if row[0] == "a"] == [
            (5400, 0, 81000),
            (86400, 0, 0),
            (1800, 0, 84600),
            (0, 0, 86400),
        ]


# However checks arrive, the days and incidents are the same.


@MANY
@example(  # `a` at 23:00 of the 22nd holds until 01:00 of the 24th, a day that the second batch reckons again
    arrival=Batches(
        (
            (Check("a", START + 15 * HOUR, "up", 5), Check("a", START + 52 * HOUR, "up", 5), Check("b", START + 74.5 * HOUR, "up", 5)),
            (Check("b", START + 75 * HOUR, "up", 5),),
        ),
        (True, True),
    ),
    zone="Asia/Makassar",
    max_hold_s=MAX_HOLD_S,
)
@given(arrival=arrivals(), zone=st.sampled_from(ZONES), max_hold_s=HOLDS)
def test_the_way_checks_arrive_in_does_not_show(memory: duckdb.DuckDBPyConnection, arrival: Batches, zone: str, max_hold_s: int) -> None:
    its_feed = feed(zone, max_hold_s)
    with emptied(memory, zone) as station:
        station.promote(its_feed, arrival.checks)
        station.roll_up(its_feed)
        at_once = whole_tables(memory)
    with emptied(memory, zone) as station:
        for number, (batch, rolled) in enumerate(zip(arrival.batches, arrival.rolled, strict=True)):
            station.promote(its_feed, batch, RECEIVED + number * HOUR)
            if rolled:
                station.roll_up(its_feed)
        station.roll_up(its_feed)
        days, incidents = reckon(arrival.checks, zone, max_hold_s)
        assert days_of(memory) == days
        assert incidents_of(memory) == incidents
        assert whole_tables(memory) == at_once


@MANY
@given(arrival=arrivals(most=2), corrected=st.integers(0, 13), status=st.sampled_from(["up", "down", "maintenance", "unknown"]))
def test_a_correction_leaves_days_as_if_it_had_been_so_from_the_start(memory: duckdb.DuckDBPyConnection, arrival: Batches, corrected: int, status: str) -> None:
    wrong = arrival.checks[corrected % len(arrival.checks)]
    right = replace(wrong, status=status, latency_ms=None)
    with emptied(memory, "Asia/Makassar") as station:
        for number, batch in enumerate([*arrival.batches, (right,)]):
            station.promote(feed(), batch, RECEIVED + number * HOUR)
            station.roll_up(feed())
        days, incidents = reckon([right if check == wrong else check for check in arrival.checks], "Asia/Makassar", MAX_HOLD_S)
        assert days_of(memory) == days
        assert incidents_of(memory) == incidents


def test_a_correction_that_was_received_earlier_corrects_nothing(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        station.promote(feed(), [Check("a", START, "up", 5), Check("a", START + HOUR, "up", 5)])
        station.promote(feed(), [Check("a", START, "down")], RECEIVED - HOUR)
        station.roll_up(feed())
        assert days_of(memory) == [("a", date(2026, 10, 22), 3600, 0, 82800, 0, 2, 0)]


def test_of_two_checks_of_one_moment_in_a_file_the_last_row_counts(memory: duckdb.DuckDBPyConnection) -> None:
    with emptied(memory, "Asia/Makassar") as station:
        station.promote(feed(), [Check("a", START, "up", 5), Check("a", START, "down"), Check("a", START + HOUR, "up", 5)])
        station.roll_up(feed())
        assert days_of(memory) == [("a", date(2026, 10, 22), 0, 3600, 82800, 0, 2, 1)]


def test_new_settings_reckon_all_days_again(memory: duckdb.DuckDBPyConnection) -> None:
    checks = [Check("a", START, "up", 5), Check("a", START + 3 * HOUR, "up", 5)]
    with emptied(memory, "Asia/Makassar") as station:
        station.promote(feed(), checks)
        station.roll_up(feed())
        assert station.roll_up(feed()).from_day is None
        station.roll_up(feed(max_hold_s=3600))
        assert days_of(memory) == reckon(checks, "Asia/Makassar", 3600)[0]
        renamed = feed(max_hold_s=3600, services=(Service("a", "dinkes", "Dinas Kesehatan", agency="002"),))
        station.roll_up(renamed)
        assert memory.execute("select distinct service_id, agency_code from uptime.service_day").fetchall() == [("dinkes", "002")]
        assert memory.execute("select code, name, agency_code, objective from ref.service where code = 'dinkes'").fetchall() == [
            ("dinkes", "Dinas Kesehatan", "002", 0.99)
        ]


# The whole way: archived, judged, promoted, rolled up.


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, feed(), now=RECEIVED)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(arrival=arrivals(most=3))
def test_the_whole_way_gives_the_same_days_however_files_are_cut(arrival: Batches) -> None:
    with TemporaryDirectory(prefix="kesiapan-site-") as folder:
        site = Site(Path(folder), feed(), now=RECEIVED)
        read = []
        for number, (batch, rolled) in enumerate(zip(arrival.batches, arrival.rolled, strict=True)):
            outcome = site.bring(f"checks_{number}.csv", as_csv(batch))
            read.append((outcome.status, outcome.read, outcome.added + outcome.updated + outcome.unchanged, outcome.rejected))
            if rolled:
                site.roll_up()
        site.roll_up()
        files = [as_csv(batch) for batch in arrival.batches]  # the same bytes again are the same batch
        assert read == [("unchanged" if files[number] in files[:number] else "ok", len(batch), len(batch), 0) for number, batch in enumerate(arrival.batches)]
        days, incidents = reckon(arrival.checks, "Asia/Makassar", MAX_HOLD_S)
        with site.warehouse.open_for_reading() as connection:
            assert days_of(connection) == days
            assert incidents_of(connection) == incidents


@pytest.mark.parametrize("zone", ["Asia/Makassar", "America/New_York"])
def test_times_without_a_zone_are_of_the_zone_that_the_settings_name(site: Site, zone: str) -> None:
    """Also once it turns out that they are not UTC: then no check stays where it was, not even on a day that has none any more."""
    checks = [Check("a", START + number * 5 * HOUR, "down" if number == 4 else "up", 5) for number in range(12)]
    local = [f"a,{check.at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S},{check.status},5" for check in checks]
    site.bring("checks.csv", "\n".join(["service,checked_at,status,latency_ms", *local]).encode())
    site.roll_up()
    assert site.days() != reckon(checks, "Asia/Makassar", MAX_HOLD_S)[0]
    site.feed = replace(site.feed, timezone=zone)
    again = judged_again(site)
    site.roll_up()
    assert (again.status, again.read, again.rejected) == ("ok", 12, 0)
    assert [row[1] for row in known(site)] == [check.at for check in checks]
    assert site.days() == reckon(checks, "Asia/Makassar", MAX_HOLD_S)[0]


@pytest.mark.parametrize(
    "written", ["2026-10-24  8:00:00", "2026-10-24\t08:00:00", "2026 10 24 08:00:00", "2026-10-24T 08:00", "20261024T080000", "2026-10-24 8:0:0,0"]
)
def test_a_time_without_a_zone_is_of_the_settings_zone_however_it_is_spaced(site: Site, written: str) -> None:
    site.feed = replace(site.feed, timezone="Asia/Makassar")
    site.bring("checks.csv", log(f'a,"{written}",up', columns="service,checked_at,status"))
    site.roll_up()
    assert site.query("select first_at from meta.lake_partition") == [(datetime(2026, 10, 24, tzinfo=UTC),)]


def test_a_clock_that_was_never_set_makes_no_check_and_no_quarter_of_its_own(site: Site) -> None:
    outcome = site.bring("checks.csv", log("a,2000-01-01T00:00:05Z,up", f"a,{START.isoformat()},up", columns="service,checked_at,status"))
    assert (outcome.status, outcome.added, outcome.rejected) == ("ok", 1, 1)
    assert site.query("select distinct unnest(periods) from meta.batch") == [("2026-Q4",)]


def test_the_same_file_twice_changes_nothing(site: Site) -> None:
    data = as_csv([Check("a", START, "up", 5), Check("a", START + HOUR, "down"), Check("b", START + 30 * HOUR, "up", 7)])
    first = site.bring("checks.csv", data)
    site.roll_up()
    before, lake = site.tables(), sorted(site.lake.root.rglob("*"))
    again = site.bring("checks.csv", data)
    assert (first.status, first.added, first.unchanged) == ("ok", 3, 0)
    assert (again.status, again.batches, again.batches_unchanged, again.read, again.added, again.unchanged) == ("unchanged", 1, 1, 3, 0, 3)
    assert site.roll_up().from_day is None
    assert (site.tables(), sorted(site.lake.root.rglob("*"))) == (before, lake)


def test_a_file_that_comes_back_after_a_wrong_one_of_its_name_is_right_again(site: Site, tmp_path: Path) -> None:
    """As at a portal that shows a page while it is out of order."""
    data, page = as_csv([Check("a", START, "up", 5), Check("a", START + HOUR, "down")]), b"<html>out of order</html>"
    said = [site.bring("checks.csv", brought) for brought in (data, page, data, page, data)]
    assert [outcome.status for outcome in said] == ["ok", "rejected", "unchanged", "rejected", "unchanged"]
    assert [outcome.messages != () for outcome in said] == [False, True, False, True, False]
    current = "select status, received_at from quality.current_batch"
    assert [status for status, _ in site.query(current)] == ["promoted"]
    assert site.take_in([]).status == "unchanged"

    anew = Site(tmp_path / "anew", site.feed, site.now)
    anew.archive = site.archive
    anew.take_in([])
    assert anew.query(current) == site.query(current)
    rebuild(Settings(Home(site.root), tmp_path / "sources.toml", (site.feed.government,), (site.feed,)), "rebuild", site.clock, lambda message: None)
    assert site.query(current) == anew.query(current)


def test_the_same_checks_in_another_file_change_nothing(site: Site) -> None:
    checks = [Check("a", START, "up", 5), Check("a", START + HOUR, "down"), Check("b", START + 30 * HOUR, "up", 7)]
    site.bring("checks.csv", as_csv(checks))
    site.roll_up()
    before = site.tables()
    again = site.bring("export.csv", as_csv([checks[2], checks[0]]))
    assert (again.status, again.read, again.added, again.updated, again.unchanged) == ("ok", 2, 0, 0, 2)
    assert site.roll_up().from_day is None
    assert site.tables() == before


def test_a_corrected_check_opens_its_day_again(site: Site) -> None:
    site.bring("checks.csv", as_csv([Check("a", START, "up", 5), Check("a", START + HOUR, "up", 5), Check("a", START + 50 * HOUR, "up", 5)]))
    site.roll_up()
    assert site.days()[0] == ("a", date(2026, 10, 22), 57600, 0, 28800, 0, 2, 0)
    corrected = site.bring("correction.csv", as_csv([Check("a", START, "down")]))
    assert (corrected.added, corrected.updated, corrected.unchanged) == (0, 1, 0)
    done = site.roll_up()
    assert done.from_day is not None
    assert done.from_day <= date(2026, 10, 22)
    assert site.days()[0] == ("a", date(2026, 10, 22), 54000, 3600, 28800, 0, 2, 1)
    with site.warehouse.open_for_reading() as connection:
        assert incidents_of(connection) == [("a", START, START + HOUR, 3600, False)]


def test_the_warehouse_keeps_no_view_of_files_that_go_with_time(site: Site) -> None:
    for number in range(2):
        site.bring(f"{number}.csv", as_csv([Check("a", START + number * HOUR, "up", 5)]))
        site.roll_up()
    assert site.query("select view_name from duckdb_views() where schema_name = 'main' and not internal") == []


def test_checks_that_break_a_rule_are_set_aside_and_the_others_count(site: Site) -> None:
    future = (RECEIVED + 20 * HOUR).isoformat()
    rows = [
        "service,checked_at,status,url",
        f"a,{START.isoformat()},up,https://a.go.id",
        f"a,{(START + HOUR).isoformat()},sideways,https://a.go.id",
        "a,soon,up,https://a.go.id",
        f"a,{future},up,https://a.go.id",
        f",{START.isoformat()},up,https://a.go.id",
        f"news,{START.isoformat()},up,https://news.example.com",
        f"a,{(START + 2 * HOUR).isoformat()},up,https://a.go.id",
    ]
    site.feed = replace(site.feed, hosts=(".go.id",))
    outcome = site.bring("checks.csv", "\n".join(rows).encode())
    site.roll_up()
    assert (outcome.status, outcome.read, outcome.added, outcome.rejected) == ("ok", 7, 2, 5)
    with site.warehouse.open_for_reading() as connection:
        broken = connection.execute(
            "select split_part(row_key, ':', 2)::integer, rule_id, row::varchar from quality.failed_row where severity = 'critical' order by all"
        ).fetchall()
    assert [(row, rule_id) for row, rule_id, _ in broken] == [
        (3, "check.status_known"),
        (4, "check.time_readable"),
        (5, "check.not_in_the_future"),
        (6, "check.service_named"),
        (7, "check.host_of_government"),
    ]
    assert json.loads(broken[0][2])["status_text"] == "sideways"
    assert site.days() == [("a", date(2026, 10, 22), 7200, 0, 79200, 0, 2, 0)]


def test_a_feed_of_which_no_row_can_be_taken_is_red_until_one_can(site: Site) -> None:
    site.feed = replace(site.feed, declared="sources.toml: feed checks")
    wrong = site.bring("wrong.csv", log("a,yesterday,up", "a,today,up", columns="service,checked_at,status"))
    assert (wrong.status, wrong.messages) == ("rejected", ("sources.toml: feed checks: all rows were set aside (2 of 2)",))
    right = site.bring("right.csv", log(f"a,{START.isoformat()},up", columns="service,checked_at,status"))
    assert (right.status, right.messages) == ("ok", ())


def test_checks_that_are_set_aside_by_another_list_of_hosts_count_no_more(site: Site) -> None:
    """Those of a service that is left with none go with all that was reckoned of it, and so do all of a feed that has none left."""
    own = [Check("a", START + number * HOUR, "down" if number == 2 else "up", 5) for number in range(4)]
    lines = [f"{check.service},{check.at.isoformat()},{check.status},5,https://a.go.id" for check in own]
    lines += [f"news,{(START + number * HOUR).isoformat()},down,,https://news.example.com" for number in (-30, 2, 60)]
    site.bring("checks.csv", "\n".join(["service,checked_at,status,latency_ms,url", *lines]).encode())
    site.roll_up()
    assert {day[0] for day in site.days()} == {"a", "news"}
    site.feed = replace(site.feed, hosts=(".go.id",))
    assert judged_again(site).rejected == 3
    site.roll_up()
    assert site.days() == reckon(own, "Asia/Makassar", MAX_HOLD_S)[0]
    (site.root / "anew").mkdir()
    anew = Site(site.root / "anew", site.feed, now=RECEIVED)
    anew.bring("checks.csv", "\n".join(["service,checked_at,status,latency_ms,url", *lines]).encode())
    anew.roll_up()
    assert site.tables() == anew.tables()
    site.feed = replace(site.feed, hosts=("b.go.id",))
    assert judged_again(site).rejected == 7
    site.roll_up()
    assert site.tables() == [[] for _ in ROLLED_UP]
    for hosts, rejected in (((".go.id",), 3), (("b.go.id",), 7), ((".go.id",), 3)):  # back to lists that were in use before
        site.feed = replace(site.feed, hosts=hosts)
        back = judged_again(site)
        assert (back.status, back.read, back.rejected) == ("ok", 7, rejected)
        assert (judged_again(site).batches, site.query("select count(*) from quality.current_batch")) == (0, [(1,)])
    site.roll_up()
    assert site.tables() == anew.tables()


def test_each_part_of_a_large_file_of_the_lake_knows_which_services_it_has(site: Site) -> None:
    """So that who asks for one of many services reads a part of the file."""
    lines = [f"s{service:03},{(START + MINUTE * minute).isoformat()},up" for service in range(150) for minute in range(1400)]
    assert site.bring("checks.csv", "\n".join(["service,checked_at,status", *reversed(lines)]).encode()).added == len(lines)
    ((file,),) = site.query("select file from meta.lake_partition where rows > 122880")
    parts = pa_parquet.ParquetFile(site.root / "lake" / str(file)).metadata
    of_service = [parts.row_group(part).column(0).statistics for part in range(parts.num_row_groups)]
    assert [part.min for part in of_service] == sorted(part.min for part in of_service)
    assert of_service[0].max < "s149" == of_service[-1].max
    assert of_service[-1].min > "s075"


@pytest.mark.parametrize("whole_day", [False, True])
def test_a_check_counts_again_when_what_replaced_it_is_set_aside(site: Site, whole_day: bool) -> None:
    moments = [START + number * HOUR for number in range(4)]
    first = [f"a,{at.isoformat()},{'down' if number == 2 else 'up'},https://a.go.id" for number, at in enumerate(moments)]
    corrected = [f"a,{at.isoformat()},up,https://a.example.com" for at in (moments if whole_day else moments[2:3])]
    (site.root / "anew").mkdir()
    anew = Site(site.root / "anew", replace(site.feed, hosts=(".go.id",)), now=RECEIVED)
    for each in (site, anew):
        for name, lines in (("first.csv", first), ("corrected.csv", corrected)):
            each.bring(name, "\n".join(["service,checked_at,status,url", *lines]).encode())
        each.roll_up()
    assert [day[3] for day in site.days()] == [0]
    assert [day[3] for day in anew.days()] == [3600]
    site.feed = anew.feed
    assert judged_again(site).rejected == len(corrected)
    site.roll_up()
    assert site.tables() == anew.tables()
    assert site.query("select * from uptime.left_day") == []
    files = "select day, sha256 from meta.lake_partition order by day"
    assert site.query(files) == anew.query(files)


@pytest.mark.parametrize("zone", ["Asia/Jayapura", "Asia/Jakarta", "America/New_York"])
def test_no_check_is_lost_when_the_governments_zone_is_corrected(site: Site, zone: str) -> None:
    checks = [Check("a", START + number * HOUR, "down" if number % 7 == 3 else "up", 5) for number in (*range(75), *range(400, 430))]
    corrected = replace(site.feed, government=replace(site.feed.government, timezone=zone))
    (site.root / "anew").mkdir()
    anew = Site(site.root / "anew", corrected, now=RECEIVED)
    for each in (site, anew):
        each.bring("checks.csv", as_csv(checks))
        each.roll_up()
        each.feed = corrected
        with each.warehouse.open_for_writing() as connection:
            reference.load(connection, (corrected.government,))
        assert each.bring("more.csv", as_csv([Check("a", START + 30 * HOUR + timedelta(minutes=1), "up", 5)])).added == 1
        each.roll_up()
        assert each.checks("count(*)") == [(len(checks) + 1,)]
    manifest = "select day, sha256 from meta.lake_partition order by day"
    assert site.query(manifest) == anew.query(manifest)
    assert site.tables() == anew.tables()


def test_a_corrected_zone_of_a_services_own_government_reckons_its_days_anew(site: Site) -> None:
    its_feed = replace(site.feed, services=(Service("a", "a", government="98"),))
    checks = [Check("a", START + number * HOUR, "down" if number % 7 == 3 else "up", 5) for number in range(75)]
    (site.root / "anew").mkdir()
    anew = Site(site.root / "anew", its_feed, now=RECEIVED)
    site.feed = its_feed
    for each, zones in ((site, ("Asia/Jakarta", "Asia/Jayapura")), (anew, ("Asia/Jayapura",))):
        each.bring("checks.csv", as_csv(checks))
        for zone in zones:
            with each.warehouse.open_for_writing() as connection:
                reference.load(connection, (each.feed.government, Government("98", "Contoh lain (data buatan)", zone)))
            each.roll_up()
    assert [day[2] for day in site.days()] != [day[2] for day in reckon(checks, "Asia/Jakarta", MAX_HOLD_S)[0]]
    assert site.tables() == anew.tables()


def test_a_history_that_is_counted_part_by_part_says_how_far_it_is(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll_up, "STRETCH_CHECKS", 1)
    site.bring("checks.csv", as_csv([Check("a", START + number * 24 * HOUR, "up", 5) for number in range(3)]))
    said: list[str] = []
    with site.warehouse.open_for_writing() as connection:
        roll_up.roll_up(connection, site.lake, site.feed, progress=said.append)
    days = [str(day[0]) for day in site.query("select day from meta.lake_partition order by day")]
    assert said == [f"checks: checks until {day} are counted, of those until {days[-1]}" for day in days]


def test_a_lost_lake_is_made_again_from_the_archive(site: Site, tmp_path: Path) -> None:
    site.bring("one.csv", as_csv([Check("a", START, "up", 5), Check("b", START + 30 * HOUR, "down")]))
    site.bring("two.csv", as_csv([Check("a", START, "down"), Check("a", START + 31 * HOUR, "up", 5)]))
    site.roll_up()
    before = site.tables()
    shutil.copytree(site.root / "archive", tmp_path / "second" / "archive")
    second = Site(tmp_path / "second", site.feed, now=site.now)
    second.take_in([])
    second.roll_up()
    assert second.tables() == before


@pytest.mark.parametrize("harm", ["gone", "cut", "bit"])
def test_a_damaged_file_of_the_lake_is_named_and_made_again_from_the_archive(site: Site, harm: str) -> None:
    site.bring("one.csv", as_csv([Check("a", START, "up", 5), Check("b", START + 30 * HOUR, "down")]))
    site.bring("two.csv", as_csv([Check("a", START, "down"), Check("a", START + 31 * HOUR, "up", 5)]))
    site.bring("three.csv", as_csv([Check("b", START + 30 * HOUR, "up", 9), Check("b", START + 32 * HOUR, "sideways")]))
    site.roll_up()
    with site.warehouse.open_for_reading() as connection:
        manifest = connection.execute("select * from meta.lake_partition order by day").fetchall()
        files = [Path(file) for file in site.lake.files(connection, site.feed.id)]
    contents = {file: file.read_bytes() for file in files}
    for file in files:
        data = contents[file]
        middle = len(data) // 2
        if harm == "gone":
            file.unlink()
        else:
            file.write_bytes(data[:middle] if harm == "cut" else data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    said: list[str] = []
    reader = site.reader
    days = lake_day.mend(site.warehouse, site.archive, site.lake, site.feed, reader, said.append)
    assert days == [row[1] for row in manifest]
    assert [str(file.relative_to(site.lake.root)) in sentence for file, sentence in zip(files, said, strict=True)] == [True] * len(files)
    assert {file: file.read_bytes() for file in files} == contents
    with site.warehouse.open_for_reading() as connection:
        assert connection.execute("select * from meta.lake_partition order by day").fetchall() == manifest
    assert site.roll_up().from_day is None
    assert lake_day.mend(site.warehouse, site.archive, site.lake, site.feed, reader, said.append) == []


def test_a_damaged_file_that_the_archive_cannot_make_again_is_named(site: Site) -> None:
    site.bring("one.csv", as_csv([Check("a", START, "up", 5)]))
    with site.warehouse.open_for_reading() as connection:
        (file,) = site.lake.files(connection, site.feed.id)
    Path(file).unlink()
    shutil.rmtree(site.archive.root / "objects")
    with pytest.raises(lake_day.Unmendable, match=re.escape(Path(file).name)):
        lake_day.mend(site.warehouse, site.archive, site.lake, site.feed, site.reader, lambda _: None)


def test_a_damaged_file_waits_for_the_archive_to_be_whole_and_then_says_all_that_it_said(site: Site) -> None:
    """Of two files with checks of one day, one is damaged in the archive: the day is not made again without it."""
    site.bring("one.csv", as_csv([Check("a", START, "up", 5)]))
    site.bring("two.csv", as_csv([Check("b", START, "down", None)]))
    before, days = known(site), site.days()
    with site.warehouse.open_for_reading() as connection:
        (file,) = map(Path, site.lake.files(connection, site.feed.id))
    (two,) = [artifact for artifact in site.archive.artifacts(site.feed.id) if artifact.source_name == "two.csv"]
    kept = site.archive.root / "objects" / two.sha256[:2] / two.sha256
    described = site.archive.root / "artifacts" / site.feed.id / f"{two.sha256}.json"
    file.write_bytes(b"PAR1")
    for harmed in (kept, described):
        whole = harmed.read_bytes()
        harmed.unlink()
        with pytest.raises(lake_day.Unmendable, match=two.sha256) as raised:
            lake_day.mend(site.warehouse, site.archive, site.lake, site.feed, site.reader, lambda _: None)
        assert file.name in str(raised.value)
        harmed.write_bytes(whole)
    assert lake_day.mend(site.warehouse, site.archive, site.lake, site.feed, site.reader, lambda _: None) == [START.date()]
    assert (known(site), site.days()) == (before, days)


# Vantages and certificates, and what was kept before there were any.

Known = tuple[str, datetime, str, str, datetime | None]


def known(site: Site) -> list[Known]:
    """What the lake's listed files say: service, time, vantage, status and certificate."""
    with site.warehouse.open_for_reading() as connection:
        files = site.lake.files(connection, site.feed.id)
        return connection.execute(
            """
            select service, checked_at, coalesce(vantage, '-'), status, certificate_expires_at
            from (
                select null::varchar as vantage, null::timestamptz as certificate_expires_at where false
                union all by name
                select * from read_parquet($1, union_by_name = true, hive_partitioning = false)
            )
            order by all
            """,
            [files],
        ).fetchall()


def made_older(site: Site) -> list[Path]:
    """Make of this home one of an older version: lake files without vantages and certificates, and batches by the reader of then. Returns the files."""
    with site.warehouse.open_for_writing() as connection:
        listed = connection.execute("select day, file from meta.lake_partition where feed_id = $1", [site.feed.id]).fetchall()
        for day, file in listed:
            kept = "service, checked_at, status, latency_ms, http_code, url, artifact_sha256, source_row, received_at"
            statement = f"select distinct on (service, checked_at) {kept} from read_parquet($file, hive_partitioning = false) order by all"
            site.lake.list_in_manifest(connection, site.lake.write(site.feed, day, connection.sql(statement, params={"file": str(site.lake.root / file)})))
        connection.execute("update meta.batch set batch_id = 'older ' || batch_id, parser_version = 'check_log 1'")
        site.lake.remove_unlisted(connection)
        return [Path(file) for file in site.lake.files(connection, site.feed.id)]


def judged_again(site: Site) -> FeedOutcome:
    site.now += HOUR
    return site.take_in([])


def log(*rows: str, columns: str = "service,checked_at,status,vantage,certificate_expires_at") -> bytes:
    return "\n".join([columns, *rows]).encode()


def test_one_moment_seen_from_two_places_is_two_checks(site: Site) -> None:
    at = START.isoformat()
    outcome = site.bring("checks.csv", log(f"a,{at},up,dalam,{FEBRUARY.isoformat()}", f"a,{at},down,luar,", f"a,{at},up,,soon"))
    assert (outcome.status, outcome.read, outcome.added, outcome.rejected) == ("ok", 3, 3, 0)
    assert known(site) == [("a", START, "-", "up", None), ("a", START, "dalam", "up", FEBRUARY), ("a", START, "luar", "down", None)]
    with site.warehouse.open_for_reading() as connection:
        assert connection.execute("select rule_id, row_key, severity from quality.failed_row").fetchall() == [
            ("check.certificate_plausible", f"{site.archive.artifacts('checks')[0].sha256}:4", "warning")
        ]
    corrected = site.bring("correction.csv", log(f"a,{at},up,luar,", f"a,{at},up,dalam,"))
    assert (corrected.added, corrected.updated, corrected.unchanged) == (0, 1, 1)
    assert known(site) == [("a", START, "-", "up", None), ("a", START, "dalam", "up", FEBRUARY), ("a", START, "luar", "up", None)]


def test_a_certificate_that_is_learnt_later_is_kept_and_one_that_is_not_mentioned_is_not_forgotten(site: Site) -> None:
    at, renewed = START.isoformat(), FEBRUARY + 90 * 24 * HOUR
    updated = [
        site.bring(f"{number}.csv", log(f"a,{at},up,,{said}")).updated
        for number, said in enumerate(["", FEBRUARY.isoformat(), "0", " ", f"{FEBRUARY.timestamp():.0f}", renewed.isoformat()])
    ]
    assert updated == [0, 1, 0, 0, 0, 1]
    assert known(site) == [("a", START, "-", "up", renewed)]


def test_a_home_of_an_older_version_keeps_its_checks_and_files_when_it_is_judged_again(site: Site) -> None:
    site.bring("one.csv", as_csv([Check("a", START, "up", 5), Check("a", START + HOUR, "up", 5), Check("b", START + 30 * HOUR, "down")]))
    site.bring("two.csv", as_csv([Check("a", START, "down"), Check("a", START + HOUR, "up", 5), Check("a", START + 2 * HOUR, "up", 5)]))
    before, files = known(site), made_older(site)
    site.roll_up()
    again = judged_again(site)
    assert (again.status, again.read, again.added, again.updated, again.unchanged) == ("ok", 6, 0, 0, 6)
    assert (known(site), sorted(site.lake.root.rglob("*.parquet"))) == (before, sorted(files))
    assert site.roll_up().from_day is None
    assert judged_again(site).batches == 0


def test_a_home_of_an_older_version_learns_certificates_and_vantages_that_its_files_always_had(site: Site) -> None:
    """Each check moves to its vantage, also where an older file and a correction both speak of it: none stays beside itself, and nothing is counted as new
    but what two places saw at one moment."""
    moments = [(START + number * HOUR).isoformat() for number in range(4)]
    one = [f"a,{at},up,dalam,{FEBRUARY.isoformat()}" for at in moments[:3]]
    two = [f"a,{moments[0]},down,dalam,", f"a,{moments[1]},up,dalam,", f"a,{moments[3]},up,dalam,", f"a,{moments[3]},up,luar,", f"b,{moments[3]},up,,"]
    site.bring("one.csv", log(*one))
    site.bring("two.csv", log(*two))
    whole = known(site)
    made_older(site)
    assert len(known(site)) == len(whole) - 1
    again = judged_again(site)
    assert (again.status, again.read, again.rejected) == ("ok", 8, 0)
    assert known(site) == whole
    assert [row[:4] for row in whole] == [
        ("a", START, "dalam", "down"),
        *(("a", START + number * HOUR, "dalam", "up") for number in (1, 2, 3)),
        ("a", START + 3 * HOUR, "luar", "up"),
        ("b", START + 3 * HOUR, "-", "up"),
    ]


def test_a_check_whose_time_is_none_any_more_leaves_the_lake_and_all_that_was_reckoned_of_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    good = f"a,{START.isoformat()},up"
    with monkeypatch.context() as older:
        older.setattr(check_log, "sql_of", lambda package, name: sql_of(package, name).replace("2018-01-01", "1990-01-01"))
        site.bring("checks.csv", log(good, "a,2017-03-01T00:00:00Z,down", columns="service,checked_at,status"))
        site.roll_up()
    assert (len(known(site)), len(site.days()) > 3000) == (2, True)
    with site.warehouse.open_for_writing() as connection:
        connection.execute("update meta.batch set batch_id = 'older ' || batch_id, parser_version = 'check_log 4'")
    outcome = judged_again(site)
    site.roll_up()
    assert (outcome.status, outcome.rejected) == ("ok", 1)
    assert [check[1] for check in known(site)] == [START]
    assert [day[1] for day in site.days()] == [date(2026, 10, 22)]


def test_new_checks_are_merged_with_a_day_of_an_older_version(site: Site) -> None:
    site.bring("one.csv", as_csv([Check("a", START, "up", 5), Check("b", START + 30 * HOUR, "up", 7)]))
    made_older(site)
    outcome = site.bring("two.csv", log(f"a,{(START + HOUR).isoformat()},up,luar,{FEBRUARY.isoformat()}", f"b,{(START + 30 * HOUR).isoformat()},down,,"))
    assert (outcome.added, outcome.updated) == (1, 1)
    assert known(site) == [("a", START, "-", "up", None), ("a", START + HOUR, "luar", "up", FEBRUARY), ("b", START + 30 * HOUR, "-", "down", None)]


def test_a_damaged_file_of_an_older_version_is_made_again_as_today_and_listed_with_its_own_hash(site: Site) -> None:
    site.bring("one.csv", log(f"a,{START.isoformat()},up,dalam,{FEBRUARY.isoformat()}"))
    site.bring("two.csv", log(f"a,{START.isoformat()},up,luar,", f"b,{(START + 30 * HOUR).isoformat()},up,,"))
    whole = known(site)
    for file in made_older(site):
        file.unlink()
    reader = site.reader
    assert len(lake_day.mend(site.warehouse, site.archive, site.lake, site.feed, reader, lambda _: None)) == 2
    assert known(site) == whole
    with site.warehouse.open_for_reading() as connection:
        assert site.lake.damaged(connection, site.feed.id) == []
        listed = connection.execute("select file, sha256, rows from meta.lake_partition order by day").fetchall()
    assert [(Path(file).stem, rows) for file, _, rows in listed] == [(sha256, rows) for (_, sha256, _), rows in zip(listed, (2, 1), strict=True)]
