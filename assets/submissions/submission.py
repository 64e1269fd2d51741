"""Agency submissions: how their files are read, staged and promoted to `core.assessment`."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from functools import reduce

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from assets.submissions import cells, override
from assets.submissions.sheet import read_sheet
from expectations.gate import FILE_ROWS
from expectations.intake import Batch, Counts, Many, Reader
from expectations.submission import OF_MANY_SENDERS, SUITE
from warehouse import reference
from warehouse.archive import Artifact
from warehouse.database import run_on_incoming, run_script
from warehouse.files import sql_of
from warehouse.registry import Feed

COLUMNS = (
    "government_code",
    "agency_code",
    "period",
    "instrument_id",
    "indicator_id",
    "stage",
    "value",
    "explanation",
    "evidence_file",
    "evidence_date",
    "submitted_by",
    "submitted_at",
    "act",
)
REQUIRED = ("government_code", "period", "instrument_id", "indicator_id", "stage", "value")
ALIASES = {
    "kode_pemda": "government_code",
    "kode_skpd": "agency_code",
    "periode": "period",
    "instrumen": "instrument_id",
    "indikator": "indicator_id",
    "tahap": "stage",
    "nilai": "value",
    "penjelasan": "explanation",
    "bukti": "evidence_file",
    "tanggal_bukti": "evidence_date",
    "pengirim": "submitted_by",
    "tanggal_kirim": "submitted_at",
    "tindakan": "act",
}
PREFILLED = ("government_code", "period", "instrument_id", "indicator_id", "stage")  # by `kesiapan template`
SAYING = ("value", "explanation", "evidence_file", "evidence_date", "act")


def parse(data: bytes, artifact: Artifact) -> pa.Table:
    return override.parse(data, COLUMNS) if override.looks_like_one(data) else _without_untouched(read_sheet(data, COLUMNS, ALIASES, REQUIRED))


def _without_untouched(sent: pa.Table) -> pa.Table:
    """A row that has all that a template has, and of what people fill in at most who sent it and when, claims nothing: it is passed over like an empty one."""
    given = reduce(pc.and_, (pc.is_valid(sent.column(column)) for column in PREFILLED))
    silent = reduce(pc.and_, (pc.is_null(sent.column(column)) for column in SAYING))
    return sent.filter(pc.invert(pc.and_(given, silent)))


def owners(connection: duckdb.DuckDBPyConnection, tables: Sequence[pa.Table]) -> list[frozenset[Hashable]]:
    """By table the governments and agencies it speaks of. All that a row is compared with, in the core or in its file, is of its owner."""
    known = cells.known(connection)
    return [cells.owners(table, known) for table in tables]


def stage_many(connection: duckdb.DuckDBPyConnection, parsed: pa.Table, feed: Feed, artifacts: Sequence[Artifact]) -> None:
    incoming = cells.understood(parsed, cells.known(connection))
    parameters = {
        "governments": _distinct(incoming, "government_code"),
        "agencies": _distinct(incoming, "agency_code"),
        "file_rows": FILE_ROWS,
        "received_at": [artifact.received_at for artifact in artifacts],
    }
    run_on_incoming(connection, incoming, sql_of("assets.submissions", "stage_submission.sql"), parameters)


def stage(connection: duckdb.DuckDBPyConnection, parsed: pa.Table, feed: Feed, artifact: Artifact) -> None:
    stage_many(connection, parsed, feed, [artifact])


def _distinct(table: pa.Table, column: str) -> list[str]:
    return [text for text in table.column(column).unique().to_pylist() if text is not None]


def promote_many(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> list[Counts]:
    """Append an event per accepted row that says something new. A row of this very file that is in already, and a value that repeats the last
    word, are `unchanged`; so is a row that came right only now when a file received later has spoken of it since."""
    found = connection.execute("select coalesce(list(distinct government_code), []), coalesce(list(distinct agency_code), []) from accepted").fetchone()
    assert found is not None
    parameters = {"governments": found[0], "agencies": found[1], "file_rows": FILE_ROWS, "artifacts": [batch.artifact.sha256 for batch in batches]}
    connection.execute(sql_of("assets.submissions", "compare_submission.sql"), parameters)
    run_script(connection, sql_of("assets.submissions", "promote_submission.sql"), {"feed_id": batches[0].feed.id})
    counted = connection.execute("select batch_id, outcome, count(*), list(distinct period order by period) from compared group by all").fetchall()
    return [_counts([(outcome, rows, periods) for batch_id, outcome, rows, periods in counted if batch_id == batch.batch_id]) for batch in batches]


def _counts(of_file: list[tuple[str, int, list[str]]]) -> Counts:
    rows = {outcome: count for outcome, count, _ in of_file}
    periods = sorted({period for _, _, periods in of_file for period in periods})
    return Counts(rows.get("added", 0), rows.get("updated", 0), rows.get("unchanged", 0), tuple(periods))


def promote(connection: duckdb.DuckDBPyConnection, batch: Batch) -> Counts:
    return promote_many(connection, [batch])[0]


def version() -> str:
    """Files are read and judged again when the lists change by which their agencies and indicators are known."""
    return f"submission 4, reference {reference.fingerprint('region', 'agency', 'instrument', 'component', 'evidence_rule')}"


READER = Reader(version(), SUITE, parse, stage, promote, Many(owners, stage_many, promote_many))
READER_OF_MANY_SENDERS = replace(READER, suite=OF_MANY_SENDERS)


def reader(feed: Feed) -> Reader:
    return READER_OF_MANY_SENDERS if feed.is_inbox else READER
