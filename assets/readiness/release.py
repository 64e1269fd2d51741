"""Makes releases. A release is what was known of one quarter at one time, under one set of reference data and one method; its id is derived
from just that, so the same inputs make the same release once."""

from collections.abc import Callable
from datetime import datetime

import duckdb

from expectations import derived
from warehouse import period as quarter
from warehouse import reference
from warehouse.archive import Archive, ReleaseRecord
from warehouse.database import run_script, transaction
from warehouse.files import identifier, sql_of

METHOD = "readiness 1"


def periods_with_input(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Quarters of this system that some promoted batch speaks of, oldest first."""
    rows = connection.execute(
        "select distinct period from (select unnest(periods) as period from meta.batch) where period >= $1 order by period", [quarter.FIRST]
    ).fetchall()
    return [str(row[0]) for row in rows]


def stale_periods(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Quarters whose inputs, reference data or method differ from those of every release made of them, or whose release nobody has judged yet."""
    judged = "select release_id from meta.release where release_id in (select batch_id from quality.expectation_result)"
    released = {str(row[0]) for row in connection.execute(judged).fetchall()}
    return [period for period in periods_with_input(connection) if _release_id(connection, period, None)[0] not in released]


def make_release(
    connection: duckdb.DuckDBPyConnection, archive: Archive, period: str, as_of: datetime | None, run_id: str, clock: Callable[[], datetime]
) -> tuple[ReleaseRecord, bool]:
    """The release of `period` with what was known by `as_of` (None: by now). Returns it, and whether it is new."""
    release_id, input_fingerprint, reference_fingerprint = _release_id(connection, period, as_of)
    now = clock()
    record = archive.record_release(ReleaseRecord(release_id, period, as_of or now, input_fingerprint, reference_fingerprint, METHOD, now, run_id))
    if connection.execute("select 1 from meta.release where release_id = $1", [release_id]).fetchone() is not None:
        return record, False
    with transaction(connection):
        run_script(connection, sql_of("assets.readiness", "release.sql"), {"release_id": release_id, "period": period, "as_of": record.as_of})
        connection.execute(
            "insert into meta.release values ($1, $2, $3, $4, $5, $6, $7)",
            [release_id, period, record.as_of, record.input_fingerprint, record.reference_fingerprint, record.code_version, record.created_at],
        )
    return record, True


def judged(record: ReleaseRecord) -> derived.Judged:
    """What the invariants of a release are kept under."""
    return derived.Judged(record.release_id, record.run_id, record.created_at)


def _release_id(connection: duckdb.DuckDBPyConnection, period: str, as_of: datetime | None) -> tuple[str, str, str]:
    rows = connection.execute(sql_of("assets.readiness", "release_input.sql"), {"period": period, "as_of": as_of}).fetchall()
    input_fingerprint = identifier(*(str(row[0]) for row in rows))
    reference_fingerprint = reference.fingerprint(*reference.OF_AN_INDEX)
    return identifier(period, input_fingerprint, reference_fingerprint, METHOD), input_fingerprint, reference_fingerprint
