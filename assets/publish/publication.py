"""The published file: a read-only DuckDB copy of the tables that people may see, swapped in atomically while readers keep their old one.
The copy is made by DuckDB over the writer's own connection: the live file's bytes are never opened by anything else."""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse import migrations
from warehouse.database import transaction
from warehouse.files import identifier, sql_of, sync_folder

_TEMPORARY = ".publishing-"

# Allow-list: what is not here stays inside. Left out: names of submitters and verifiers, and the roll-up's own bookkeeping.
TABLES = (
    "meta.migration",
    "meta.artifact",
    "meta.batch",
    "meta.ingest_run",
    "meta.lake_partition",
    "meta.lake_deletion",
    "meta.release",
    "ref.region",
    "ref.government",
    "ref.agency",
    "ref.service",
    "ref.instrument",
    "ref.component",
    "ref.band",
    "ref.level",
    "ref.measurement_rule",
    "ref.evidence_rule",
    "core.assessment",
    "core.published_index",
    "core.evidence_claim",
    "core.evidence_file",
    "core.evidence_review",
    "uptime.service_day",
    "uptime.service_quarter",
    "uptime.outage",
    "uptime.burn_rate",
    "uptime.certificate",
    "uptime.maintenance",
    "uptime.service_hours",
    "open_data.dataset",
    "open_data.distribution",
    "open_data.dataset_score",
    "open_data.dataset_indicator",
    "quality.rule",
    "quality.expectation_result",
    "quality.failed_row",
    "quality.result_by_owner",
    "quality.column_profile",
    "quality.score",
    "readiness.index_score",
    "readiness.component_score",
    "readiness.discrepancy",
    "readiness.next_step",
)
WITHHELD = (
    "meta.lake_run",
    "meta.lake_target",
    "core.submitter",
    "core.reviewer",
    "uptime.left_day",
    "uptime.touched_day",
    "uptime.rolled_up",
    "uptime.check_day",
    "uptime.check_run",
    "uptime.read_file",
    "uptime.target",
    "quality.scored_batch",
)
WITHHELD_VIEWS = ("uptime.day_run", "quality.unscored_quarter")
FILLED_HERE = ("meta.publication", "meta.dictionary")
_WITHOUT_NAMES = {"quality.failed_row": "* replace (json_merge_patch(row, '{\"submitted_by\": null}') as row)"}


def fingerprint(connection: duckdb.DuckDBPyConnection) -> str:
    """Of the state of the live warehouse: two equal ones publish the same numbers."""
    return identifier(*(str(row) for row in connection.execute(sql_of("assets.publish", "state.sql")).fetchall()))


def published_fingerprint(connection: duckdb.DuckDBPyConnection, target: Path) -> str | None:
    """What the published file says it shows; None if there is none, or it cannot be read."""
    if not target.exists():
        return None
    try:
        connection.execute(f"attach {_quoted(target)} as published (read_only)")
    except duckdb.Error:
        return None
    try:
        row = connection.execute("select fingerprint from published.meta.publication").fetchone()
        return None if row is None else str(row[0])
    except duckdb.Error:
        return None
    finally:
        connection.execute("detach published")


def is_current(connection: duckdb.DuckDBPyConnection, target: Path) -> bool:
    return published_fingerprint(connection, target) == fingerprint(connection)


class InvariantBroken(RuntimeError):
    """A table that we reckon ourselves contradicts itself: nothing is published until that is mended."""


def publish(connection: duckdb.DuckDBPyConnection, target: Path, clock: Callable[[], datetime]) -> bool:
    """Bring the published file up to the live warehouse. Returns whether it was; while releases are unjudged, the file stays as it is."""
    target.with_name(target.name + ".wal").unlink(missing_ok=True)  # left by a killed reader-writer, it would be replayed into whatever file is there
    state = fingerprint(connection)
    if published_fingerprint(connection, target) == state:
        return False
    broken = connection.execute("select rule_id, batch_id from quality.broken_invariant order by all").fetchall()
    if connection.execute(sql_of("assets.publish", "unjudged.sql")).fetchall():
        return False  # the run that judges them publishes them
    if broken:
        raise InvariantBroken("not published: " + "; ".join(f"{rule_id} does not hold ({batch_id})" for rule_id, batch_id in broken))
    for stale in target.parent.glob(f"{_TEMPORARY}*"):
        stale.unlink()
    temporary = target.parent / f"{_TEMPORARY}{os.getpid()}.duckdb"
    _write(connection, temporary, state, clock())
    temporary.chmod(0o444)
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    target.with_name(target.name + ".wal").unlink(missing_ok=True)  # one that came while we wrote
    os.replace(temporary, target)
    sync_folder(target.parent)
    return True


def _write(connection: duckdb.DuckDBPyConnection, path: Path, state: str, now: datetime) -> None:
    row = connection.execute("select current_database()").fetchone()
    assert row is not None
    live = f'"{row[0]}"'
    connection.execute(f"attach {_quoted(path)} as publishing")
    try:
        connection.execute("use publishing")
        with transaction(connection):
            connection.execute(migrations.schema_statements())
            for view in WITHHELD_VIEWS:
                connection.execute(f"drop view {view}")
            for table in WITHHELD:
                connection.execute(f"drop table {table}")
            for table in TABLES:
                connection.execute(f"insert into publishing.{table} by name select {_WITHOUT_NAMES.get(table, '*')} from {live}.{table}")
            connection.execute("insert into meta.publication values ($1, $2)", [state, now])
            migrations.fill_dictionary(connection)
    finally:
        connection.execute(f"use {live}")
        connection.execute("detach publishing")


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
