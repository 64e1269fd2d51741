"""Agency submissions: how their files are read, staged and promoted to `core.assessment`."""

from dataclasses import replace
from functools import reduce

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from assets.submissions import cells, override
from assets.submissions.sheet import read_sheet
from expectations.intake import Batch, Counts, Reader, counts_of_compared, periods_of_compared
from expectations.submission import OF_MANY_SENDERS, SUITE
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


def stage(connection: duckdb.DuckDBPyConnection, parsed: pa.Table, feed: Feed, artifact: Artifact) -> None:
    incoming = cells.understood(parsed, cells.known(connection))
    owners = {"governments": _distinct(incoming, "government_code"), "agencies": _distinct(incoming, "agency_code")}
    run_on_incoming(connection, incoming, sql_of("assets.submissions", "stage_submission.sql"), owners | {"received_at": artifact.received_at})


def _distinct(table: pa.Table, column: str) -> list[str]:
    return [text for text in table.column(column).unique().to_pylist() if text is not None]


def promote(connection: duckdb.DuckDBPyConnection, batch: Batch) -> Counts:
    """Append an event per accepted row that says something new. A row of this very file that is in already, and a value that repeats the last
    word, are `unchanged`; so is a row that came right only now when a file received later has spoken of it since."""
    owners = connection.execute("select coalesce(list(distinct government_code), []), coalesce(list(distinct agency_code), []) from accepted").fetchone()
    assert owners is not None
    connection.execute(
        sql_of("assets.submissions", "compare_submission.sql"),
        {"artifact_sha256": batch.artifact.sha256, "received_at": batch.artifact.received_at, "governments": owners[0], "agencies": owners[1]},
    )
    run_script(
        connection,
        sql_of("assets.submissions", "promote_submission.sql"),
        {
            "known_at": batch.known_at,
            "received_at": batch.artifact.received_at,
            "feed_id": batch.feed.id,
            "batch_id": batch.batch_id,
            "artifact_sha256": batch.artifact.sha256,
        },
    )
    return counts_of_compared(connection, periods_of_compared(connection))


READER = Reader(parser_version="submission 3", suite=SUITE, parse=parse, stage=stage, promote=promote)
READER_OF_MANY_SENDERS = replace(READER, suite=OF_MANY_SENDERS)


def reader(feed: Feed) -> Reader:
    return READER_OF_MANY_SENDERS if feed.is_inbox else READER
