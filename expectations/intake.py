"""A batch's way from the archive into the core: stage, judge, promote. The warehouse is closed while bytes are fetched and parsed; then, on one
connection, the batch is staged in a TEMP table and judged, and one transaction writes results, failed rows, core rows and the ledger."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

import duckdb
import pyarrow as pa

from expectations import drift, gate, record
from expectations.rules import Steady, Suite
from warehouse.archive import Archive, Artifact, BatchRecord, CorruptArtifact
from warehouse.database import Warehouse, transaction
from warehouse.files import identifier, sql_of
from warehouse.registry import Feed

CHUNK_BATCHES = 64
CHUNK_BYTES = 64 * 2**20  # so many are parsed before the warehouse is opened for them: bounds memory, and spares 2,000 workbooks 2,000 openings
FEW_ROWS = 10_000  # so few that threads only get in each other's way: of a workbook of 47 rows a second one makes 264 ms out of 166

Clock = Callable[[], datetime]
Progress = Callable[[str], None]


class Unreadable(ValueError):
    """The bytes are not what the feed is said to bring. The message is for the sender: what was found, where, and what is accepted."""


@dataclass(frozen=True)
class Batch:
    """One artifact under one parser version and one suite version."""

    batch_id: str
    feed: Feed
    artifact: Artifact
    known_at: datetime
    run_id: str


@dataclass(frozen=True)
class Counts:
    """What promotion did, in rows, and the quarters the batch speaks of."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    periods: tuple[str, ...] = ()


def counts_of_compared(connection: duckdb.DuckDBPyConnection, periods: tuple[str, ...]) -> Counts:
    """Out of TEMP table `compared`, where each accepted row has its `outcome`: added, updated or unchanged."""
    found = dict(connection.execute("select outcome, count(*) from compared group by outcome").fetchall())
    return Counts(found.get("added", 0), found.get("updated", 0), found.get("unchanged", 0), periods)


def periods_of_compared(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    return tuple(str(row[0]) for row in connection.execute("select distinct period from compared order by period").fetchall())


@dataclass(frozen=True)
class Reader:
    """How one kind of feed is read. `parse` turns bytes into a table of text columns with `source_row`; `stage` makes TEMP table `batch` out of
    it; `promote` moves TEMP view `accepted` on, inside the transaction."""

    parser_version: str
    suite: Suite
    parse: Callable[[bytes, Artifact], pa.Table]
    stage: Callable[[duckdb.DuckDBPyConnection, pa.Table, Feed, Artifact], None]
    promote: Callable[[duckdb.DuckDBPyConnection, Batch], Counts]

    def batch_id(self, artifact: Artifact) -> str:
        return identifier(artifact.feed_id, artifact.sha256, self.parser_version, self.suite.version)


@dataclass(frozen=True)
class FeedOutcome:
    """A row of `meta.ingest_run`: what one run did with one feed."""

    feed_id: str
    run_id: str
    started_at: datetime
    status: str = "running"
    batches: int = 0
    batches_unchanged: int = 0
    read: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    messages: tuple[str, ...] = field(default=())


def take_in(
    warehouse: Warehouse,
    archive: Archive,
    feed: Feed,
    reader: Reader,
    present: list[Artifact],
    problems: tuple[str, ...],
    run_id: str,
    clock: Clock,
    progress: Progress,
    wait_s: float = 60.0,
) -> FeedOutcome:
    """Judge what the archive holds of `feed` and the warehouse has not judged by today's rules; count the rest as unchanged.
    `present` is what the source has now; `problems` is what kept it from being read, which makes the outcome `failed` and stops nothing."""
    outcome = FeedOutcome(feed.id, run_id, clock(), messages=problems)
    with warehouse.open_for_writing(wait_s) as connection:
        judged = {row[0] for row in connection.execute("select batch_id from meta.batch where feed_id = $1", [feed.id]).fetchall()}
    pending = [artifact for artifact in archive.artifacts(feed.id) if reader.batch_id(artifact) not in judged]
    for chunk in _parsed_chunks(archive, reader, pending):
        with warehouse.open_for_writing(wait_s) as connection:
            if all(isinstance(parsed, Unreadable) or parsed.num_rows < FEW_ROWS for _, parsed in chunk):
                connection.execute("set threads = 1")
            for artifact, parsed in chunk:
                outcome = take_in_one(connection, archive, feed, reader, artifact, parsed, outcome, clock)
                progress(f"{feed.id}: {artifact.source_name}: read {outcome.read}, rejected {outcome.rejected}")
    known = [reader.batch_id(artifact) for artifact in present if reader.batch_id(artifact) in judged]
    with warehouse.open_for_writing(wait_s) as connection:
        return _close(connection, outcome, sorted(set(known)), clock)


def unjudged(archive: Archive, feed_id: str, reader: Reader) -> list[Artifact]:
    """What the archive holds of a feed and nobody began to judge by today's rules. Asks the archive alone."""
    begun = {record.batch_id for record in archive.batches(feed_id)}
    return [artifact for artifact in archive.artifacts(feed_id) if reader.batch_id(artifact) not in begun]


def parse(archive: Archive, reader: Reader, artifact: Artifact) -> pa.Table | Unreadable:
    """An artifact that cannot be read is a value: it becomes a rejected batch, which everybody sees, and stops no other."""
    try:
        return reader.parse(archive.read(artifact.sha256), artifact)
    except Unreadable as error:
        return error
    except CorruptArtifact as error:
        return Unreadable(str(error))
    except Exception as error:  # what people send breaks readers in ways nobody has thought of
        return Unreadable(f"the reader could not cope with it ({type(error).__name__}: {error}); please report it")


def stage(connection: duckdb.DuckDBPyConnection, reader: Reader, parsed: pa.Table, feed: Feed, artifact: Artifact) -> pa.Table | Unreadable:
    """TEMP table `batch` and its profile, or why there is none."""
    try:
        reader.stage(connection, parsed, feed, artifact)
        drift.profile(connection, reader.suite, drift.source_columns(parsed))
        if any(isinstance(rule.constraint, Steady) for rule in reader.suite.rules):
            drift.find(connection, reader.suite, feed.id)
    except duckdb.Error as error:
        return Unreadable(f"it could not be staged ({str(error).splitlines()[0]}); please report it")
    return parsed


def take_in_one(
    connection: duckdb.DuckDBPyConnection,
    archive: Archive,
    feed: Feed,
    reader: Reader,
    artifact: Artifact,
    parsed: pa.Table | Unreadable,
    outcome: FeedOutcome,
    clock: Clock,
) -> FeedOutcome:
    """Stage, judge and promote one batch. Returns the feed's outcome with this batch in it."""
    sidecar = _record(archive, feed, reader, artifact, outcome.run_id, clock)
    batch = Batch(sidecar.batch_id, feed, artifact, sidecar.known_at, sidecar.run_id)
    message = None
    if not isinstance(parsed, Unreadable):
        parsed = stage(connection, reader, parsed, feed, artifact)
    if isinstance(parsed, Unreadable):
        results, message = gate.not_evaluated(connection, reader.suite), f"{artifact.source_name}: {parsed}"
    else:
        results = gate.judge(connection, reader.suite)
        rejecting = [result for result in results if result.rejects_batch]
        if rejecting:
            first = rejecting[0]
            message = f"{artifact.source_name}: {first.rule.rule_id}: {first.rule.sentence_en}" + (
                f" ({first.observed_value})" if first.status == "error" else ""
            )
    read = 0 if isinstance(parsed, Unreadable) else parsed.num_rows
    with transaction(connection):
        _write_artifact(connection, artifact)
        record.write(connection, reader.suite, results, batch.batch_id, feed.id, feed.government.code, batch.run_id, batch.known_at)
        if message is None:
            _write_failed_rows(connection, batch)
            connection.execute(sql_of("expectations", "accepted.sql"))
            counts = reader.promote(connection, batch)
            rejected = _count(connection, "select count(distinct source_row) from failed where severity = 'critical'")
            drift.keep(connection, batch.batch_id, feed.id)
            _resolve(connection, reader.suite, batch)
        else:
            if not isinstance(parsed, Unreadable):
                _write_failed_rows(connection, batch)
            counts, rejected = Counts(), read
        if read != counts.added + counts.updated + counts.unchanged + rejected:
            raise RuntimeError(f"{feed.id}: {artifact.source_name}: read {read} is not {counts} + rejected {rejected}")
        _write_batch(connection, reader, batch, read, counts, rejected, message)
        outcome = replace(
            outcome,
            batches=outcome.batches + 1,
            read=outcome.read + read,
            added=outcome.added + counts.added,
            updated=outcome.updated + counts.updated,
            unchanged=outcome.unchanged + counts.unchanged,
            rejected=outcome.rejected + rejected,
        )
        _write_ledger(connection, outcome, clock)
    return outcome


def _parsed_chunks(archive: Archive, reader: Reader, pending: Iterable[Artifact]) -> Iterator[list[tuple[Artifact, pa.Table | Unreadable]]]:
    chunk: list[tuple[Artifact, pa.Table | Unreadable]] = []
    size = 0
    for artifact in pending:
        if chunk and (len(chunk) == CHUNK_BATCHES or size + artifact.bytes > CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((artifact, parse(archive, reader, artifact)))
        size += artifact.bytes
    if chunk:
        yield chunk


def _record(archive: Archive, feed: Feed, reader: Reader, artifact: Artifact, run_id: str, clock: Clock) -> BatchRecord:
    """The batch's sidecar, written before its commit: a run killed in between leaves a `known_at` that the next run takes over."""
    batch_id = reader.batch_id(artifact)
    return archive.record_batch(BatchRecord(batch_id, artifact.sha256, feed.id, reader.parser_version, reader.suite.version, clock(), run_id))


def _close(connection: duckdb.DuckDBPyConnection, outcome: FeedOutcome, known: list[str], clock: Clock) -> FeedOutcome:
    """Count what was known already, and give the verdict: red stays red while a current batch is rejected."""
    row = connection.execute(
        """
        select count(*), coalesce(sum(read), 0), coalesce(sum(read - rejected), 0), coalesce(sum(rejected), 0)
        from meta.batch where list_contains($1, batch_id)
        """,
        [known],
    ).fetchone()
    assert row is not None
    rejected_now = connection.execute(
        "select source_name, message from quality.current_batch where feed_id = $1 and status = 'rejected' order by source_name", [outcome.feed_id]
    ).fetchall()
    did_something = outcome.batches > 0
    outcome = replace(
        outcome,
        batches=outcome.batches + int(row[0]),
        batches_unchanged=int(row[0]),
        read=outcome.read + int(row[1]),
        unchanged=outcome.unchanged + int(row[2]),
        rejected=outcome.rejected + int(row[3]),
        messages=(*outcome.messages, *(message for _, message in rejected_now)),
        status="failed" if outcome.messages else "rejected" if rejected_now else "ok" if did_something else "unchanged",
    )
    with transaction(connection):
        connection.execute(
            "update meta.ingest_run set status = 'interrupted' where feed_id = $1 and status = 'running' and run_id <> $2", [outcome.feed_id, outcome.run_id]
        )
        _write_ledger(connection, outcome, clock)
    return outcome


def _write_artifact(connection: duckdb.DuckDBPyConnection, artifact: Artifact) -> None:
    connection.execute("delete from meta.artifact where feed_id = $1 and sha256 = $2", [artifact.feed_id, artifact.sha256])
    connection.execute(
        "insert into meta.artifact values ($1, $2, $3, $4, $5, $6)",
        [artifact.sha256, artifact.bytes, artifact.media_type, artifact.feed_id, artifact.source_name, artifact.received_at],
    )


def _write_failed_rows(connection: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    connection.execute(
        sql_of("expectations", "failed_row.sql"), {"batch_id": batch.batch_id, "feed_id": batch.feed.id, "artifact_sha256": batch.artifact.sha256}
    )


def _resolve(connection: duckdb.DuckDBPyConnection, suite: Suite, batch: Batch) -> None:
    connection.execute(f"create or replace temp table accepted_key as select distinct {gate.business_key(suite)} as business_key from accepted")
    connection.execute(
        sql_of("expectations", "resolved.sql"),
        {
            "batch_id": batch.batch_id,
            "known_at": batch.known_at,
            "suite": suite.name,
            "feed_id": batch.feed.id,
            "missing": gate.MISSING,
            "key_names_government": suite.owners.government is not None,
        },
    )


def _write_batch(connection: duckdb.DuckDBPyConnection, reader: Reader, batch: Batch, read: int, counts: Counts, rejected: int, message: str | None) -> None:
    connection.execute(
        "insert into meta.batch values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        [
            batch.batch_id,
            batch.artifact.sha256,
            batch.feed.id,
            batch.artifact.source_name,
            reader.parser_version,
            reader.suite.version,
            batch.artifact.received_at,
            batch.known_at,
            batch.run_id,
            "promoted" if message is None else "rejected",
            read,
            counts.added,
            counts.updated,
            counts.unchanged,
            rejected,
            list(counts.periods),
            message,
        ],
    )


def _write_ledger(connection: duckdb.DuckDBPyConnection, outcome: FeedOutcome, clock: Clock) -> None:
    connection.execute("delete from meta.ingest_run where run_id = $1 and feed_id = $2", [outcome.run_id, outcome.feed_id])
    connection.execute(
        "insert into meta.ingest_run values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, null, null, $13)",
        [
            outcome.run_id,
            outcome.feed_id,
            outcome.started_at,
            clock(),
            outcome.status,
            outcome.batches,
            outcome.batches_unchanged,
            outcome.read,
            outcome.added,
            outcome.updated,
            outcome.unchanged,
            outcome.rejected,
            "; ".join(outcome.messages) or None,
        ],
    )


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
