"""Check logs: CSV or Parquet files of checks, as monitors and their exports write them. How they are read, staged and promoted to the lake."""

import codecs
import csv
import io
import math
import re
from collections.abc import Sequence
from contextlib import suppress
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

# Names of columns that can mean one thing only. Case, spaces and marks in them do not matter: `Response time (ms)` is `response_time_ms`.
ACCEPTED = {
    "service": ("service", "service_id", "slug", "service_name", "monitor", "monitor_name", "check_name", "instance", "layanan", "nama_layanan"),
    "url": ("url", "target", "monitor_url"),
    "checked_at": ("checked_at", "last_updated", "timestamp", "time", "ts", "datetime", "check_time", "waktu", "waktu_cek"),
    "status": ("status", "is_up", "success", "probe_success"),
    "latency_ms": ("latency_ms", "response_time_ms", "ping_ms", "ping", "latensi_ms", "waktu_respons_ms"),
    "http_code": ("http_code", "code", "status_code", "http_status", "probe_http_status_code"),
    "vantage": ("vantage", "probe", "location", "region", "prober"),
    "certificate_expires_at": ("certificate_expires_at", "ssl_expires_at", "cert_expiry", "probe_ssl_earliest_cert_expiry"),
}
SECONDS = ("latency_s", "latency_seconds", "response_time_s", "response_time_seconds", "probe_duration_seconds")  # where a file has no milliseconds
REQUIRED = ("service", "checked_at", "status")
MOST_NAMES = 10_000  # that are kept as numbers
SEPARATORS = ",;\t"
KINDS = "CSV (UTF-8 or UTF-16; comma, semicolon or tab between cells) with a header row, or Parquet"
OTHER_KINDS = {
    b"\x1f\x8b": "compressed (gzip)",
    b"PK\x03\x04": "a ZIP archive or a workbook",
    b"SQLite format 3": "an SQLite database",
    b"{": "JSON",
    b"[": "JSON",
    b"<": "a web page or XML",
}
UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def parse(data: bytes, artifact: Artifact) -> pa.Table:
    """Text columns of `ACCEPTED`, without blanks around a cell (null where the cell is empty or the file has no such column), and `source_row`, the header
    being row 1. Rows without any such cell are passed over."""
    table = _read_parquet(data) if data.startswith(b"PAR1") else _read_csv(data)
    places = _places(table.column_names)
    _tell_code_from_status(table, places)
    columns = {name: pa.nulls(table.num_rows, pa.string()) if place is None else _cells(table, place) for name, place in places.items()}
    in_seconds = _place(SECONDS, _plain_names(table.column_names))
    if places["latency_ms"] is None and in_seconds is not None:
        columns["latency_ms"] = _milliseconds(_cells(table, in_seconds))
    source_rows = pa.array(range(2, table.num_rows + 2), pa.int64())
    read = pa.table({"source_row": source_rows} | columns)
    if columns["service"].null_count:
        read = read.filter(pc.is_valid(pc.coalesce(*columns.values())))
    return with_source_columns(read, list(table.column_names))


def _milliseconds(seconds: pa.ChunkedArray) -> pa.Array:
    """What is no finite number stays as it is written."""
    with suppress(pa.ArrowInvalid):
        found = pc.multiply(seconds.cast(pa.float64()), 1000.0)
        if pc.all(pc.is_finite(found)).as_py():
            return pa.array([None if value is None else f"{value:.3f}" for value in found.to_pylist()], pa.string())
    return pa.array(map(_millisecond, seconds.to_pylist()), pa.string())


def _millisecond(seconds: str | None) -> str | None:
    try:
        value = math.nan if seconds is None else float(seconds) * 1000
    except ValueError:
        return seconds
    return f"{value:.3f}" if math.isfinite(value) else seconds


def _plain_names(header: Sequence[str]) -> list[str]:
    return [_plain(name) for name in header]


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def _place(names: Sequence[str], present: Sequence[str]) -> int | None:
    return next((present.index(plain) for plain in map(_plain, names) if plain in present), None)


def _places(header: Sequence[str]) -> dict[str, int | None]:
    """Where each column of `ACCEPTED` stands in a file with this header."""
    present = _plain_names(header)
    chosen = {column: _place(names, present) for column, names in ACCEPTED.items()}
    found = f"found: {', '.join(header)[:200]}"
    missing = [f"{column} ({' or '.join(ACCEPTED[column])})" for column in REQUIRED if chosen[column] is None]
    if missing:
        raise Unreadable(f"columns missing: {', '.join(missing)}; {found}" + f"; accepted: {KINDS}" * (len(header) == 1))
    doubled = dict.fromkeys(header[place].strip() for place in chosen.values() if place is not None and present.count(present[place]) > 1)
    if doubled:
        raise Unreadable(f"columns that stand more than once: {', '.join(doubled)}; {found}; accepted: each of them once")
    if chosen["url"] is None and chosen["service"] == _place(("instance",), present):  # what Prometheus calls a target is its address
        chosen["url"] = chosen["service"]
    return chosen


def _tell_code_from_status(table: pa.Table, places: dict[str, int | None]) -> None:
    """Where `status` is the answer's code (200, 503), what says whether the service was up is another column, such as `success`."""
    code = places["status"]
    others = ACCEPTED["status"][ACCEPTED["status"].index("status") + 1 :]
    said = _place(others, _plain_names(table.column_names))
    if code is None or said is None or _plain(table.column_names[code]) != "status":
        return
    codes = _cells(table, code).drop_null()
    if len(codes) and pc.all(pc.match_substring_regex(codes, "^[1-5][0-9][0-9]$")).as_py():
        places["status"] = said
        places["http_code"] = places["http_code"] if places["http_code"] is not None else code


def _cells(table: pa.Table, place: int) -> pa.ChunkedArray:
    column = table.column(place)
    try:
        if any(is_kind(column.type) for is_kind in (pa.types.is_duration, pa.types.is_time)):
            raise pa.ArrowNotImplementedError
        trimmed = pc.utf8_trim_whitespace(_written_out(column) if pa.types.is_floating(column.type) else column.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Unreadable(
            f"column {table.column_names[place]} cannot be read: it is of type {column.type}; accepted: text, numbers, true and false, timestamps"
        ) from error
    return pc.if_else(pc.equal(trimmed, ""), None, trimmed)


def _written_out(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    """Whole numbers without an exponent: Arrow writes 1790784000000.0, a moment, as 1.790784e+12."""
    values = numbers.cast(pa.float64())
    is_whole = pc.fill_null(pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 2.0**53)), False)
    whole = pc.if_else(is_whole, values, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(is_whole, whole, values.cast(pa.string()))


def _read_csv(data: bytes) -> pa.Table:
    if data.startswith(UTF_16_MARKS):
        data = data.decode("utf-16", errors="replace").encode()
    data = re.sub(rb"\A(\xef\xbb\xbf)?sep=.\r?\n", b"", data)  # a line for spreadsheets, which they do not show
    kind = next((kind for signature, kind in OTHER_KINDS.items() if data.removeprefix(codecs.BOM_UTF8).lstrip().startswith(signature)), None)
    if kind is not None or b"\0" in data[:65536]:
        raise Unreadable(f"the file is {'neither CSV nor Parquet' if kind is None else kind}; accepted: {KINDS}")
    separator, names = _header(data[:65536].decode("utf-8-sig", errors="replace"))  # names as they are written, so that every column is read as text
    convert = pa_csv.ConvertOptions(column_types={name: pa.string() for name in names}, strings_can_be_null=True, null_values=[""])
    cut = pa_csv.ParseOptions(delimiter=separator, newlines_in_values=True)
    try:
        table = pa_csv.read_csv(io.BytesIO(data), convert_options=convert, parse_options=cut)
        table = table.rename_columns(list(table.column_names))  # names are decoded here, where it can be told if they are no text
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise Unreadable(f"the CSV cannot be read: {_named(error, data, convert, cut)}; accepted: {KINDS}, as many cells in each row") from error
    return table if separator == "," else _with_decimal_points(table)


def _header(text: str) -> tuple[str, list[str]]:
    """The separator whose cells have all the names that a log needs, else the comma; and the header's cells."""
    headers = {separator: next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), []) for separator in SEPARATORS}
    for separator, names in headers.items():
        present = _plain_names(names)
        if all(_place(ACCEPTED[column], present) is not None for column in REQUIRED):
            return separator, names
    return ",", headers[","]


def _named(error: Exception, data: bytes, convert: pa_csv.ConvertOptions, cut: pa_csv.ParseOptions) -> str:
    """Arrow knows the row of what it cannot read only when it reads on one thread."""
    try:
        pa_csv.read_csv(io.BytesIO(data), pa_csv.ReadOptions(use_threads=False), cut, convert)
    except pa.ArrowInvalid as named:
        return str(named)[:300]
    return str(error)[:300]


def _with_decimal_points(table: pa.Table) -> pa.Table:
    """Where commas do not part cells, `120,5` is a number."""
    for place, name in enumerate(table.column_names):
        if _plain(name) in map(_plain, (*ACCEPTED["latency_ms"], *SECONDS)):
            table = table.set_column(place, name, pc.replace_substring_regex(table.column(place), r"^(\s*\d+),(\d+\s*)$", r"\1.\2"))
    return table


def _read_parquet(data: bytes) -> pa.Table:
    try:
        return pa_parquet.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise Unreadable(f"the Parquet file cannot be read: {error}; accepted: a whole Parquet file, or CSV with a header row") from error


def stage(connection: duckdb.DuckDBPyConnection, parsed: pa.Table, feed: Feed, artifact: Artifact, name: str = "stage_check.sql") -> None:
    """`name` is the statement that knows the columns of `parsed`."""
    parameters = {"received_at": artifact.received_at, "timezone": feed.government.timezone, "log_timezone": feed.timezone or "UTC"}
    names = _names(parsed)
    is_text = len(names) > MOST_NAMES or pc.any(pc.match_substring(names["name"], "\0")).as_py()  # DuckDB cannot cope with NUL in an ENUM
    parts = ("stage_macro.sql", "stage_text.sql" if is_text else "stage_name.sql", "stage_host.sql", name)
    connection.register("incoming_name", names)
    connection.execute("set disabled_optimizers = 'build_side_probe_side'")  # it does not know how many rows come from Arrow, and takes the many for the few
    try:
        run_on_incoming(connection, parsed, "".join(sql_of("assets.uptime", part) for part in parts), parameters)
    finally:
        connection.execute("reset disabled_optimizers")
        connection.unregister("incoming_name")


def _names(parsed: pa.Table) -> pa.Table:
    """What the columns of many rows and mostly few values have there, each once: `of_column`, `name`."""
    found = []
    for column in ("service", "url", "vantage", "status", "success"):
        if column in parsed.column_names:
            chunks = [pc.unique(chunk).cast(pa.string()) for chunk in parsed[column].chunks]
            names = pc.unique(pa.chunked_array(chunks, pa.string())).drop_null()
            found.append(pa.table({"of_column": pa.repeat(column, len(names)), "name": names}))
    return pa.concat_tables(found)


def reader(feed: Feed, lake: Lake) -> Reader:
    """The feed's hosts are part of its suite, so a change of them judges its files again. Another `timezone` is another reading of the same files."""
    version = "check_log 6" if feed.timezone is None else f"check_log 6, times in {feed.timezone}"
    return Reader(version, check.suite_of(feed), parse, stage, partial(lake_day.promote, lake=lake))
