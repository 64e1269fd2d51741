"""Officially published indices: how their files are read, staged and promoted to `core.published_index`."""

import duckdb
import pyarrow as pa

from assets.submissions.sheet import read_sheet
from expectations.intake import Batch, Counts, Reader, counts_of_compared, periods_of_compared
from expectations.published_index import SUITE
from warehouse import reference
from warehouse.archive import Artifact
from warehouse.database import run_on_incoming
from warehouse.files import sql_of
from warehouse.registry import Feed

COLUMNS = ("government_code", "period", "instrument_id", "component_id", "value", "predicate", "note", "source")
REQUIRED = ("government_code", "period", "instrument_id", "component_id", "value", "source")
ALIASES = {
    "kode_pemda": "government_code",
    "periode": "period",
    "instrumen": "instrument_id",
    "komponen": "component_id",
    "nilai": "value",
    "predikat": "predicate",
    "catatan": "note",
    "sumber": "source",
}


def parse(data: bytes, artifact: Artifact) -> pa.Table:
    return read_sheet(data, COLUMNS, ALIASES, REQUIRED)


def stage(connection: duckdb.DuckDBPyConnection, parsed: pa.Table, feed: Feed, artifact: Artifact) -> None:
    run_on_incoming(connection, parsed, sql_of("assets.submissions", "stage_published_index.sql"), {"received_at": artifact.received_at})


def promote(connection: duckdb.DuckDBPyConnection, batch: Batch) -> Counts:
    """Append an event per accepted row whose number, predicate or source is new for its key."""
    connection.execute(
        sql_of("assets.submissions", "compare_published_index.sql"), {"artifact_sha256": batch.artifact.sha256, "received_at": batch.artifact.received_at}
    )
    connection.execute(
        """
        insert into core.published_index by name
        select
            government_code, period, instrument_id, component_id, value, predicate, note, source,
            $known_at as known_at, $received_at as received_at, $feed_id as feed_id, $batch_id as batch_id,
            $artifact_sha256 as artifact_sha256, source_row
        from compared
        where outcome in ('added', 'updated')
        order by source_row
        """,
        {
            "known_at": batch.known_at,
            "received_at": batch.artifact.received_at,
            "feed_id": batch.feed.id,
            "batch_id": batch.batch_id,
            "artifact_sha256": batch.artifact.sha256,
        },
    )
    return counts_of_compared(connection, periods_of_compared(connection))


VERSION = f"published_index 3, reference {reference.fingerprint('region', 'instrument', 'component')}"
READER = Reader(parser_version=VERSION, suite=SUITE, parse=parse, stage=stage, promote=promote)
