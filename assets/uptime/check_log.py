"""Check logs: CSV or Parquet files of checks, as monitors and their exports write them. How they are read, staged and promoted to the lake."""

import csv
import io
from collections.abc import Sequence
from functools import partial

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from assets.uptime import lake_day
from expectations import check
from expectations.drift import with_source_columns
from expectations.intake import Reader, Unreadable
from warehouse.archive import Artifact
from warehouse.database import run_on_incoming
from warehouse.files import sql_of
from warehouse.lake import Lake
from warehouse.registry import Feed

ACCEPTED = {
    "service": ("service", "service_id", "slug"),
    "url": ("url", "target"),
    "checked_at": ("checked_at", "last_updated", "timestamp", "time", "ts"),
    "status": ("status",),
    "latency_ms": ("latency_ms", "response_time_ms"),
    "http_code": ("http_code", "code", "status_code"),
    "vantage": ("vantage", "probe", "location", "region", "prober"),
    "certificate_expires_at": ("certificate_expires_at", "ssl_expires_at", "cert_expiry"),
}
REQUIRED = ("service", "checked_at", "status")


def parse(data: bytes, artifact: Artifact) -> pa.Table:
    """Text columns of `ACCEPTED`, without blanks around a cell (null where the cell is empty or the file has no such column), and `source_row`, the header
    being row 1."""
    table = _read_parquet(data) if data.startswith(b"PAR1") else _read_csv(data)
    places = _places(table.column_names)
    columns = {column: pa.nulls(table.num_rows, pa.string()) if place is None else _cells(table.column(place)) for column, place in places.items()}
    source_rows = pa.array(range(2, table.num_rows + 2), pa.int64())
    return with_source_columns(pa.table({"source_row": source_rows} | columns), list(table.column_names))


def _places(header: Sequence[str]) -> dict[str, int | None]:
    """Where each column of `ACCEPTED` stands in a file with this header."""
    present = [name.strip().lower() for name in header]
    chosen = {column: next((name for name in names if name in present), None) for column, names in ACCEPTED.items()}
    found = f"found: {', '.join(header)[:200]}"
    missing = [f"{column} ({' or '.join(ACCEPTED[column])})" for column in REQUIRED if chosen[column] is None]
    if missing:
        uncut = len(header) == 1 and any(separator in header[0] for separator in ";\t|")
        raise Unreadable(f"columns missing: {', '.join(missing)}; {found}" + ("; accepted: comma between cells" if uncut else ""))
    doubled = [name for name in chosen.values() if name is not None and present.count(name) > 1]
    if doubled:
        raise Unreadable(f"columns that stand more than once: {', '.join(doubled)}; {found}; accepted: each of them once")
    return {column: None if name is None else present.index(name) for column, name in chosen.items()}


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _read_csv(data: bytes) -> pa.Table:
    if b"\0" in data[:65536]:
        raise Unreadable("the file is neither CSV nor Parquet; accepted: CSV (UTF-8, comma) with a header row, or Parquet")
    start = data[:65536].decode("utf-8-sig", errors="replace")
    names = next(csv.reader(io.StringIO(start, newline="")), [])  # as they are written, so that every column is read as text
    convert = pa_csv.ConvertOptions(column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""])
    try:
        table = pa_csv.read_csv(io.BytesIO(data), convert_options=convert, parse_options=pa_csv.ParseOptions(newlines_in_values=True))
        return table.rename_columns(list(table.column_names))  # names are decoded here, where it can be told if they are no text
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise Unreadable(f"the CSV cannot be read: {error}; accepted: UTF-8, comma between cells, a header row") from error


def _read_parquet(data: bytes) -> pa.Table:
    try:
        return pa_parquet.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise Unreadable(f"the Parquet file cannot be read: {error}; accepted: a whole Parquet file, or CSV with a header row") from error


def stage(connection: duckdb.DuckDBPyConnection, parsed: pa.Table, feed: Feed, artifact: Artifact) -> None:
    run_on_incoming(
        connection,
        parsed,
        sql_of("assets.uptime", "stage_check.sql"),
        {"received_at": artifact.received_at, "timezone": feed.government.timezone, "log_timezone": feed.timezone or "UTC"},
    )


def reader(feed: Feed, lake: Lake) -> Reader:
    """The feed's hosts are part of its suite, so a change of them judges its files again. Another `timezone` is another reading of the same files."""
    version = "check_log 3" if feed.timezone is None else f"check_log 3, times in {feed.timezone}"
    return Reader(version, check.suite_of(feed), parse, stage, partial(lake_day.promote, lake=lake))
