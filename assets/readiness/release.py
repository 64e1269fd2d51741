"""Makes releases. A release is what was known of one quarter at one time, under one set of reference data and one method; its id is derived
from just that, so the same inputs make the same release once, and once more where they come back after others."""

from collections.abc import Callable
from dataclasses import dataclass
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


def stale_periods(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """Quarters whose inputs, reference data or method differ from those of their newest release, or whose release nobody has judged yet; and those that are
    over by now and whose service levels were reckoned while they ran."""
    judged = "select release_id from meta.release where release_id in (select batch_id from quality.expectation_result)"
    released = {str(row[0]) for row in connection.execute(judged).fetchall()}
    over = {str(row[0]) for row in connection.execute(sql_of("assets.readiness", "over.sql"), {"now": now}).fetchall()}
    return [period for period in periods_with_input(connection) if period in over or _inputs(connection, period, None, now).release_id not in released]


def unscored_periods(connection: duckdb.DuckDBPyConnection, due: list[str]) -> list[str]:
    """Quarters that are not due, and whose quality scores do not count all rows that were set aside."""
    rows = connection.execute("select period from quality.unscored_quarter where not list_contains($1, period) order by period", [due]).fetchall()
    return [str(row[0]) for row in rows]


def make_release(
    connection: duckdb.DuckDBPyConnection, archive: Archive, period: str, as_of: datetime | None, run_id: str, clock: Callable[[], datetime]
) -> tuple[ReleaseRecord, bool]:
    """The release of `period` with what was known by `as_of` (None: by now). Returns it, and whether it is new."""
    now = clock()
    made_of = _inputs(connection, period, as_of, now)
    fingerprints = (made_of.input_fingerprint, made_of.reference_fingerprint)
    record = archive.record_release(ReleaseRecord(made_of.release_id, period, as_of or now, *fingerprints, METHOD, now, run_id))
    if connection.execute("select 1 from meta.release where release_id = $1", [record.release_id]).fetchone() is not None:
        return record, False
    with transaction(connection):
        run_script(connection, sql_of("assets.readiness", "release.sql"), {"release_id": record.release_id, "period": period, "as_of": record.as_of})
        connection.execute(
            "insert into meta.release values ($1, $2, $3, $4, $5, $6, $7)",
            [record.release_id, period, record.as_of, record.input_fingerprint, record.reference_fingerprint, record.code_version, record.created_at],
        )
    return record, True


def judged(record: ReleaseRecord) -> derived.Judged:
    """What the invariants of a release are kept under."""
    return derived.Judged(record.release_id, record.run_id, record.created_at)


@dataclass(frozen=True)
class _Inputs:
    release_id: str
    input_fingerprint: str
    reference_fingerprint: str


def _inputs(connection: duckdb.DuckDBPyConnection, period: str, as_of: datetime | None, now: datetime) -> _Inputs:
    """What a release is made of, and its id. Of inputs that come back after others, such as settings that were changed and changed back, a release is made
    again, which follows that of the others; views of the past have no order."""
    rows = connection.execute(sql_of("assets.readiness", "release_input.sql"), {"period": period, "as_of": as_of}).fetchall()
    input_fingerprint = identifier(*(str(row[0]) for row in rows))
    reference_fingerprint = reference.fingerprint(*reference.OF_AN_INDEX)
    release_id = identifier(period, input_fingerprint, reference_fingerprint, METHOD)
    if as_of is None or as_of >= now:
        newest = connection.execute(
            "select release_id, (input_fingerprint, reference_fingerprint, code_version) = ($2, $3, $4) from readiness.newest_release where period = $1",
            [period, input_fingerprint, reference_fingerprint, METHOD],
        ).fetchone()
        if newest is not None and newest[1]:
            release_id = newest[0]
        elif newest is not None and connection.execute("select 1 from meta.release where release_id = $1", [release_id]).fetchone() is not None:
            release_id = identifier(release_id, newest[0])
    return _Inputs(release_id, input_fingerprint, reference_fingerprint)
