"""A batch's way from the archive into the core: stage, judge, promote. The warehouse is closed while bytes are waited for; then, on one
connection, the batch is staged in a TEMP table and judged, and one transaction writes results, failed rows, core rows and the ledger.

Of small files most of the time goes into DuckDB's planning of their statements. So those that cannot bear on each other are taken in at one sitting:
each stays a batch of its own, with its own results, and comes out as it would have alone."""

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from expectations import drift, gate, record
from expectations.rules import Steady, Suite
from warehouse.archive import Archive, Artifact, BatchRecord, CorruptArtifact
from warehouse.database import Warehouse, run_on_incoming, run_script, transaction
from warehouse.files import identifier, sql_of
from warehouse.registry import Feed
from warehouse.workers import ahead, workers

CHUNK_FILES, CHUNK_BYTES = 200, 8 * 2**20  # so many are parsed at once
CHUNK_ROWS = 50_000  # and their rows kept until there are so many, before the warehouse is opened for them: spares 2,000 workbooks 2,000 openings
CHUNK_S = 5.0  # so long the warehouse stays open for what has come meanwhile
AT_HAND_S = 0.1  # or comes within that time: closing and opening it take as long
SITTING_ROWS = 10_000
FEW_ROWS = 1_000
ONE_THREAD_ROWS = 122_880  # DuckDB shares a table's rows out by so many. Below, a second thread makes 0.55 s out of 0.49 on an idle machine, more on a busy one

AGAIN = ", again after "  # in a parser version, before the batch that it follows

Clock = Callable[[], datetime]
Progress = Callable[[str], None]
Parse = Callable[[bytes, Artifact], pa.Table]


class Unreadable(ValueError):
    """The bytes are not what the feed is said to bring. The message is for the sender: what was found, where, and what is accepted; in Indonesian what was
    found and how to mend it."""

    def __init__(self, english: str, indonesian: str | None = None) -> None:
        super().__init__(english, indonesian)

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def indonesian(self) -> str:
        return str(self.args[1] or self.args[0])


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
class Many:
    """How a kind is read of which many small files come at once. `owners` tells of each table whose rows it brings: a file cannot bear on what another
    file says of other owners. `stage` and `promote` are `Reader`'s for several files: their rows are one table, in which `source_row` counts the files
    too (`gate.FILE_ROWS`), and TEMP table `file` (number, batch_id, artifact_sha256, received_at, known_at) lists them while they are promoted."""

    owners: Callable[[duckdb.DuckDBPyConnection, Sequence[pa.Table]], Sequence[frozenset[Hashable]]]
    stage: Callable[[duckdb.DuckDBPyConnection, pa.Table, Feed, Sequence[Artifact]], None]
    promote: Callable[[duckdb.DuckDBPyConnection, Sequence[Batch]], Sequence[Counts]]


@dataclass(frozen=True)
class Reader:
    """How one kind of feed is read. `parse` turns bytes into a table with `source_row`, its cells as text where they are what people or programs of many kinds
    wrote; `stage` makes TEMP table `batch` out of it; `promote` moves TEMP view `accepted` on, inside the transaction."""

    parser_version: str
    suite: Suite
    parse: Parse
    stage: Callable[[duckdb.DuckDBPyConnection, pa.Table, Feed, Artifact], None]
    promote: Callable[[duckdb.DuckDBPyConnection, Batch], Counts]
    many: Many | None = None

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


@dataclass(frozen=True)
class Parsed:
    """An artifact and what was read of it."""

    artifact: Artifact
    table: pa.Table | Unreadable

    @property
    def rows(self) -> int:
        return 0 if isinstance(self.table, Unreadable) else int(self.table.num_rows)


@dataclass
class Arrival:
    """What a source has now: what is in the archive of it, and sentences on what kept the rest from being read. What is still `coming` is in the archive when
    it has come, and joins both."""

    present: list[Artifact] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    coming: ahead[Parsed] = field(default_factory=lambda: ahead(iter(())))


def take_in(
    warehouse: Warehouse,
    archive: Archive,
    feed: Feed,
    reader: Reader,
    arrival: Arrival,
    run_id: str,
    clock: Clock,
    progress: Progress,
    wait_s: float = 60.0,
) -> FeedOutcome:
    """Judge what the archive holds of `feed`, and what is coming, if the warehouse has not judged it by today's rules; count the rest as unchanged.
    What kept the source from being read makes the outcome `failed` and stops nothing."""
    outcome = FeedOutcome(feed.id, run_id, clock())
    artifacts = archive.artifacts(feed.id)
    arrival.coming.begin()  # from now on: what it brings is not among those
    with warehouse.open_for_writing(wait_s) as connection:
        batches = _batches(connection, feed)
    judged = {batch.batch_id for batch in batches}
    newest = {batch.artifact_sha256: batch for batch in batches}
    pending = [artifact for artifact in artifacts if reader.batch_id(artifact) not in judged]
    returned = [artifact for artifact in artifacts if reader.batch_id(artifact) in judged and not newest[artifact.sha256].is_of(reader)]
    chunks: Iterator[tuple[Reader, Iterable[Parsed]]] = chain(
        ((reader, chunk) for chunk in _parsed_chunks(archive, reader, pending, progress)),
        ((_again(reader, newest[artifact.sha256]), [Parsed(artifact, parse(archive, reader, artifact))]) for artifact in returned),
    )

    def sit(connection: duckdb.DuckDBPyConnection, used: Reader, chunk: Iterable[Parsed]) -> None:
        nonlocal outcome
        for sitting in _sittings(connection, used, chunk):
            connection.execute(f"set threads = {1 if _rows(sitting) <= ONE_THREAD_ROWS else 'default'}")
            outcome = take_in_sitting(connection, archive, feed, used, sitting, outcome, clock)
            last = sitting[-1].artifact.source_name + (f" and {len(sitting) - 1} more" if len(sitting) > 1 else "")
            progress(f"{feed.id}: {last}: read {outcome.read}, rejected {outcome.rejected}")

    def closed(connection: duckdb.DuckDBPyConnection) -> FeedOutcome:
        _note_what_came_back(connection, archive, feed, arrival.present, clock)
        known = {reader.batch_id(artifact) for artifact in arrival.present if artifact not in returned} & judged
        return _close(connection, feed, replace(outcome, messages=tuple(arrival.problems)), sorted(known), clock)

    for used, chunk in chunks:
        with warehouse.open_for_writing(wait_s) as connection:
            sit(connection, used, chunk)
    for coming in _coming(reader, arrival, judged.union(map(reader.batch_id, pending))):
        with warehouse.open_for_writing(wait_s) as connection:
            sit(connection, reader, coming)
            if arrival.coming.is_over():
                return closed(connection)
    with warehouse.open_for_writing(wait_s) as connection:
        return closed(connection)


def take_nothing(warehouse: Warehouse, feed: Feed, run_id: str, clock: Clock, problem: str) -> FeedOutcome:
    """What a run says of a feed of which nothing can be taken in now. What it has stays in the archive, or where it was sent from."""
    with warehouse.open_for_writing() as connection:
        return _close(connection, feed, FeedOutcome(feed.id, run_id, clock(), messages=(problem,)), [], clock)


@dataclass(frozen=True)
class _Judged:
    """By what an artifact was judged."""

    artifact_sha256: str
    batch_id: str
    parser_version: str
    suite_version: str

    def is_of(self, reader: Reader) -> bool:
        return (self.parser_version.split(AGAIN)[0], self.suite_version) == (reader.parser_version, reader.suite.version)


def _batches(connection: duckdb.DuckDBPyConnection, feed: Feed) -> list[_Judged]:
    """All of the feed's, the newest last."""
    query = "select artifact_sha256, batch_id, parser_version, suite_version from meta.batch where feed_id = $1 order by known_at, rowid"
    return [_Judged(*row) for row in connection.execute(query, [feed.id]).fetchall()]


def _again(reader: Reader, newest: _Judged) -> Reader:
    """Rules that come back after others: what they judge is a new batch, which follows that of the others."""
    return replace(reader, parser_version=f"{reader.parser_version}{AGAIN}{newest.batch_id}")


def _note_what_came_back(connection: duckdb.DuckDBPyConnection, archive: Archive, feed: Feed, present: Sequence[Artifact], clock: Clock) -> None:
    """What came before and is there once more, where another file of its name was, is the newest of that name, if one of the two is rejected: else a source
    that was out of order for a while would stay rejected for ever. Of two whose rows were promoted, those of the later have replaced the other's, and stay."""
    current = connection.execute("select source_name, artifact_sha256, status from quality.current_batch where feed_id = $1", [feed.id]).fetchall()
    newest = {name: (sha256, status) for name, sha256, status in current}
    here = {artifact.sha256 for artifact in present}
    replaced = [artifact for artifact in present if newest.get(artifact.source_name, (artifact.sha256,))[0] not in here]
    if replaced:
        by_hash = "select artifact_sha256, arg_max(status, known_at) from meta.batch where feed_id = $1 group by artifact_sha256"
        status_of = dict(connection.execute(by_hash, [feed.id]).fetchall())
        for artifact in replaced:
            if artifact.sha256 in status_of and "rejected" in (status_of[artifact.sha256], newest[artifact.source_name][1]):
                archive.note_again(replace(artifact, received_at=clock()))
    count_what_came_back(connection, archive, feed.id)


def count_what_came_back(connection: duckdb.DuckDBPyConnection, archive: Archive, feed_id: str) -> None:
    """Batches of files that came once more under their name were received then."""
    again = archive.again(feed_id)
    if not again:
        return
    connection.execute(
        """
        update meta.batch as batch
        set received_at = again.received_at
        from (select unnest($names::varchar[]) as source_name, unnest($hashes::varchar[]) as sha256, unnest($times::timestamptz[]) as received_at) as again
        where
            batch.feed_id = $feed_id
            and batch.source_name = again.source_name
            and batch.artifact_sha256 = again.sha256
            and batch.received_at < again.received_at
        """,
        {
            "feed_id": feed_id,
            "names": [artifact.source_name for artifact in again],
            "hashes": [artifact.sha256 for artifact in again],
            "times": [artifact.received_at for artifact in again],
        },
    )


def unjudged(archive: Archive, feed_id: str, reader: Reader) -> list[Artifact]:
    """What the archive holds of a feed and nobody began to judge by today's rules. Asks the archive alone."""
    begun = {record.batch_id for record in archive.batches(feed_id)}
    return [artifact for artifact in archive.artifacts(feed_id) if reader.batch_id(artifact) not in begun]


def parse(archive: Archive, reader: Reader, artifact: Artifact) -> pa.Table | Unreadable:
    """An artifact that cannot be read is a value: it becomes a rejected batch, which everybody sees, and stops no other."""
    try:
        return _read(archive, reader, artifact)
    except CorruptArtifact as error:
        return Unreadable(str(error))


def _read(archive: Archive, reader: Reader, artifact: Artifact) -> pa.Table | Unreadable:
    return understood(partial(reader.parse, archive.read(artifact.sha256), artifact))


def understood(parsed: Callable[[], pa.Table]) -> pa.Table | Unreadable:
    try:
        return parsed()
    except Unreadable as error:
        return error
    except Exception as error:  # what people send breaks readers in ways nobody has thought of
        named = f"{type(error).__name__}: {error}"
        return Unreadable(f"the reader could not cope with it ({named}); please report it", f"pembaca tidak mampu membacanya ({named}); mohon laporkan")


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
    return take_in_sitting(connection, archive, feed, reader, [Parsed(artifact, parsed)], outcome, clock)


def take_in_sitting(
    connection: duckdb.DuckDBPyConnection, archive: Archive, feed: Feed, reader: Reader, sitting: Sequence[Parsed], outcome: FeedOutcome, clock: Clock
) -> FeedOutcome:
    """Stage, judge and promote files that cannot bear on each other (`_sittings`). Where one of them cannot be judged, each is taken in alone."""
    batches = [_record(archive, feed, reader, parsed.artifact, outcome.run_id, clock) for parsed in sitting]
    unreadable = next((parsed.table for parsed in sitting if isinstance(parsed.table, Unreadable)), None) or _stage(connection, reader, feed, sitting)
    results = [gate.not_evaluated(connection, reader.suite)] if unreadable else gate.judge_each(connection, reader.suite, len(sitting))
    messages = [_message(parsed.artifact, unreadable, of_file) for parsed, of_file in zip(sitting, results, strict=False)]
    if len(sitting) > 1 and any(messages):
        for parsed in sitting:
            outcome = take_in_sitting(connection, archive, feed, reader, [parsed], outcome, clock)
        return outcome
    read = [0 if unreadable else parsed.rows for parsed in sitting]
    with transaction(connection):
        _write_artifacts(connection, batches)
        record.write(
            connection,
            reader.suite,
            [
                record.Judgement(batch.batch_id, feed.id, feed.government.code, batch.run_id, batch.known_at, of_file)
                for batch, of_file in zip(batches, results, strict=True)
            ],
        )
        _list_files(connection, batches)
        if any(result.unexpected_count for of_file in results for result in of_file):
            connection.execute(sql_of("expectations", "failed_row.sql"), {"file_rows": gate.FILE_ROWS})
        if any(messages):
            counts: Sequence[Counts] = [Counts()]
            rejected = read
        else:
            connection.execute(sql_of("expectations", "accepted.sql"))
            counts = _promote(connection, reader, batches)
            rejected = _rejected(connection, len(batches))
            drift.keep(connection, feed.id, [batch.batch_id for batch in batches])
            _resolve(connection, reader.suite, feed, batches)
        lines = list(zip(batches, read, counts, rejected, messages, strict=True))
        for batch, rows, count, set_aside, _ in lines:
            if rows != count.added + count.updated + count.unchanged + set_aside:
                raise RuntimeError(f"{feed.id}: {batch.artifact.source_name}: read {rows} is not {count} + rejected {set_aside}")
        _write_batches(connection, reader, lines)
        outcome = replace(
            outcome,
            batches=outcome.batches + len(batches),
            read=outcome.read + sum(read),
            added=outcome.added + sum(count.added for count in counts),
            updated=outcome.updated + sum(count.updated for count in counts),
            unchanged=outcome.unchanged + sum(count.unchanged for count in counts),
            rejected=outcome.rejected + sum(rejected),
        )
        _write_ledger(connection, outcome, clock)
    return outcome


def _stage(connection: duckdb.DuckDBPyConnection, reader: Reader, feed: Feed, sitting: Sequence[Parsed]) -> Unreadable | None:
    """TEMP table `batch` and its profile, or why there is none."""
    tables = [parsed.table for parsed in sitting]
    artifacts = [parsed.artifact for parsed in sitting]
    try:
        if reader.many is not None:
            reader.many.stage(connection, joined(tables), feed, artifacts)
        else:
            reader.stage(connection, tables[0], feed, artifacts[0])
        drift.profile(connection, reader.suite, [drift.source_columns(table) for table in tables])
        if any(isinstance(rule.constraint, Steady) for rule in reader.suite.rules):
            drift.find(connection, reader.suite, feed.id)
    except (duckdb.Error, RuntimeError) as error:  # RuntimeError: text that is none, which DuckDB does not take
        named = str(error).splitlines()[0]
        return Unreadable(f"it could not be staged ({named}); please report it", f"isinya tidak dapat diolah ({named}); mohon laporkan")
    return None


def accepted_again(connection: duckdb.DuckDBPyConnection, archive: Archive, feed: Feed, reader: Reader, artifact: Artifact) -> bool:
    """TEMP view `accepted` of an artifact that was judged before, as if it were judged now. Keeps nothing. False where none of it can be accepted. Raises
    `CorruptArtifact`: nobody knows what a damaged one had to say."""
    table = _read(archive, reader, artifact)
    if isinstance(table, Unreadable) or _stage(connection, reader, feed, [Parsed(artifact, table)]) is not None:
        return False
    if any(result.rejects_batch for result in gate.judge(connection, reader.suite)):
        return False
    connection.execute(sql_of("expectations", "accepted.sql"))
    return True


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """The rows of several files as one table, whose `source_row` counts the files too."""
    return pa.concat_tables(
        table.set_column(table.column_names.index("source_row"), "source_row", pc.add(table.column("source_row"), number * gate.FILE_ROWS))
        for number, table in enumerate(tables)
    )


def _message(artifact: Artifact, unreadable: Unreadable | None, results: Sequence[gate.Result]) -> str | None:
    """Why a file is rejected as a whole; None where it is not."""
    if unreadable is not None:
        return f"{artifact.source_name}: {unreadable}"
    first = next((result for result in results if result.rejects_batch), None)
    if first is None:
        return None
    return f"{artifact.source_name}: {first.rule.rule_id}: {first.rule.sentence_en}" + (f" ({first.observed_value})" if first.status == "error" else "")


def _promote(connection: duckdb.DuckDBPyConnection, reader: Reader, batches: Sequence[Batch]) -> Sequence[Counts]:
    if reader.many is not None:
        return reader.many.promote(connection, batches)
    (batch,) = batches
    return [reader.promote(connection, batch)]


def _rejected(connection: duckdb.DuckDBPyConnection, files: int) -> list[int]:
    """Rows set aside, by file."""
    found = connection.execute(f"select {gate.file_of(files)}, count(distinct source_row) from failed where severity = 'critical' group by all").fetchall()
    of_file = dict(found)
    return [of_file.get(file, 0) for file in range(files)]


def _parsed_chunks(archive: Archive, reader: Reader, pending: Sequence[Artifact], progress: Progress) -> Iterator[list[Parsed]]:
    """As many files at once as memory is set aside for."""
    chunk: list[Parsed] = []
    rows = 0
    with workers(len(pending)) as each:
        for some in _of_bounded_size(pending):
            for artifact, table in zip(some, each(partial(parse, archive, reader), some), strict=True):
                chunk.append(Parsed(artifact, table))
                rows += chunk[-1].rows
            progress(f"{some[-1].feed_id}: {some[-1].source_name}: {len(some)} files read")
            if rows > CHUNK_ROWS:
                yield chunk
                chunk, rows = [], 0
    if chunk:
        yield chunk


def _coming(reader: Reader, arrival: Arrival, begun: set[str]) -> Iterator[Iterator[Parsed]]:
    """What has not begun to be judged before it came. A chunk, for which the warehouse is opened once, goes on with what is there when it is asked for more."""

    def is_new(parsed: Parsed) -> bool:
        batch_id = reader.batch_id(parsed.artifact)
        if batch_id in begun:
            return False
        begun.add(batch_id)
        return True

    def has_come() -> Iterator[Parsed]:
        until = time.monotonic() + CHUNK_S
        while time.monotonic() < until and arrival.coming.is_ready(AT_HAND_S):
            parsed = next(arrival.coming, None)
            if parsed is None:
                return
            yield parsed

    for parsed in filter(is_new, arrival.coming):
        yield chain([parsed], filter(is_new, has_come()))


def _of_bounded_size(pending: Sequence[Artifact]) -> Iterator[list[Artifact]]:
    some: list[Artifact] = []
    for artifact in pending:
        if some and (len(some) == CHUNK_FILES or sum(one.bytes for one in some) + artifact.bytes > CHUNK_BYTES):
            yield some
            some = []
        some.append(artifact)
    if some:
        yield some


def _sittings(connection: duckdb.DuckDBPyConnection, reader: Reader, chunk: Iterable[Parsed]) -> Iterator[list[Parsed]]:
    """The files of a chunk, in an order in which no file comes before an earlier one that speaks of one of its owners: the first of each owner at one
    sitting, then the second of each. A file that is large, or has no rows, sits alone, when all before it are done."""
    sittings: list[list[Parsed]] = []
    last_of: dict[Hashable, int] = {}  # the sitting that last spoke of an owner

    def done() -> Iterator[list[Parsed]]:
        yield from sittings
        sittings.clear()
        last_of.clear()

    if reader.many is None:
        yield from ([parsed] for parsed in chunk)
        return
    chunk = list(chunk)
    small = [parsed for parsed in chunk if 0 < parsed.rows < FEW_ROWS]
    owners_of = dict(zip(map(id, small), reader.many.owners(connection, [parsed.table for parsed in small]), strict=True))
    for parsed in chunk:
        owners = owners_of.get(id(parsed))
        if owners is None:
            yield from done()
            yield [parsed]
            continue
        place = 1 + max((last_of.get(owner, -1) for owner in owners), default=-1)
        while place < len(sittings) and _rows(sittings[place]) + parsed.rows > SITTING_ROWS:
            place += 1
        if place == len(sittings):
            sittings.append([])
        sittings[place].append(parsed)
        last_of |= dict.fromkeys(owners, place)
    yield from done()


def _rows(sitting: Sequence[Parsed]) -> int:
    return sum(parsed.rows for parsed in sitting)


def _record(archive: Archive, feed: Feed, reader: Reader, artifact: Artifact, run_id: str, clock: Clock) -> Batch:
    """The batch, whose sidecar is written before its commit: a run killed in between leaves a `known_at` that the next run takes over."""
    batch_id = reader.batch_id(artifact)
    sidecar = archive.record_batch(BatchRecord(batch_id, artifact.sha256, feed.id, reader.parser_version, reader.suite.version, clock(), run_id))
    return Batch(sidecar.batch_id, feed, artifact, sidecar.known_at, sidecar.run_id)


def _close(connection: duckdb.DuckDBPyConnection, feed: Feed, outcome: FeedOutcome, known: list[str], clock: Clock) -> FeedOutcome:
    """Count what was known already, and give the verdict: red stays red while a current batch is rejected, or none of their rows could be taken. To the
    inbox many send: what became of a file of theirs is told them."""
    row = connection.execute(
        """
        select count(*), coalesce(sum(read), 0), coalesce(sum(read - rejected), 0), coalesce(sum(rejected), 0)
        from meta.batch where list_contains($1, batch_id)
        """,
        [known],
    ).fetchone()
    assert row is not None
    current = connection.execute(
        "select status, read, rejected, message from quality.current_batch where feed_id = $1 order by source_name", [outcome.feed_id]
    ).fetchall()
    rejections = [message for status, _, _, message in current if status == "rejected"]
    read = sum(rows for _, rows, _, _ in current)
    if feed.declared and not rejections and 0 < read == sum(set_aside for _, _, set_aside, _ in current):
        rejections = [f"{feed.declared}: all rows were set aside ({read} of {read})"]
    did_something = outcome.batches > 0
    outcome = replace(
        outcome,
        batches=outcome.batches + int(row[0]),
        batches_unchanged=int(row[0]),
        read=outcome.read + int(row[1]),
        unchanged=outcome.unchanged + int(row[2]),
        rejected=outcome.rejected + int(row[3]),
        messages=(*outcome.messages, *rejections),
        status="failed" if outcome.messages else "rejected" if rejections else "ok" if did_something else "unchanged",
    )
    with transaction(connection):
        connection.execute(
            "update meta.ingest_run set status = 'interrupted' where feed_id = $1 and status = 'running' and run_id <> $2", [outcome.feed_id, outcome.run_id]
        )
        _write_ledger(connection, outcome, clock)
    return outcome


def _write_artifacts(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
    artifacts = pa.Table.from_pylist([asdict(batch.artifact) for batch in batches], schema=_ARTIFACT)
    run_on_incoming(
        connection,
        artifacts,
        """
        delete from meta.artifact where (feed_id, sha256) in (select (feed_id, sha256) from incoming);
        insert into meta.artifact by name select * from incoming
        """,
    )


def _list_files(connection: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
    """TEMP table `file`: what the rows of TEMP table `batch` are of."""
    connection.execute(
        """
        create or replace temp table file as
        select
            unnest(range($files)) as number,
            unnest($batch_id::varchar[]) as batch_id,
            unnest($sha256::varchar[]) as artifact_sha256,
            unnest($received_at::timestamptz[]) as received_at,
            unnest($known_at::timestamptz[]) as known_at
        """,
        {
            "files": len(batches),
            "batch_id": [batch.batch_id for batch in batches],
            "sha256": [batch.artifact.sha256 for batch in batches],
            "received_at": [batch.artifact.received_at for batch in batches],
            "known_at": [batch.known_at for batch in batches],
        },
    )


def _resolve(connection: duckdb.DuckDBPyConnection, suite: Suite, feed: Feed, batches: Sequence[Batch]) -> None:
    unresolved = "select 1 from quality.failed_row where resolved_by_batch is null and starts_with(rule_id, $1) and not list_contains($2, batch_id) limit 1"
    if connection.execute(unresolved, [f"{suite.name}.", [batch.batch_id for batch in batches]]).fetchone() is None:
        return
    connection.execute(
        f"""
        create or replace temp table accepted_key as
        select distinct {gate.business_key(suite)} as business_key, file.batch_id, file.known_at
        from accepted inner join file on file.number = accepted.source_row // {gate.FILE_ROWS}
        """
    )
    names_government = suite.owners.government is not None
    run_script(
        connection,
        sql_of("expectations", "resolved.sql"),
        {"suite": suite.name, "feed_id": feed.id, "missing": gate.MISSING, "key_names_government": names_government, "file_rows": gate.FILE_ROWS},
    )


def _write_batches(connection: duckdb.DuckDBPyConnection, reader: Reader, lines: Sequence[tuple[Batch, int, Counts, int, str | None]]) -> None:
    rows = [
        {
            "batch_id": batch.batch_id,
            "artifact_sha256": batch.artifact.sha256,
            "feed_id": batch.feed.id,
            "source_name": batch.artifact.source_name,
            "parser_version": reader.parser_version,
            "suite_version": reader.suite.version,
            "received_at": batch.artifact.received_at,
            "known_at": batch.known_at,
            "run_id": batch.run_id,
            "status": "promoted" if message is None else "rejected",
            "read": read,
            "added": counts.added,
            "updated": counts.updated,
            "unchanged": counts.unchanged,
            "rejected": rejected,
            "periods": list(counts.periods),
            "message": message,
        }
        for batch, read, counts, rejected, message in lines
    ]
    run_on_incoming(connection, pa.Table.from_pylist(rows, schema=_BATCH), "insert into meta.batch by name select * from incoming")


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


_TIME = pa.timestamp("us", tz="UTC")
_ARTIFACT = pa.schema(
    [("sha256", pa.string()), ("bytes", pa.int64()), *((name, pa.string()) for name in ("media_type", "feed_id", "source_name")), ("received_at", _TIME)]
)
_BATCH = pa.schema(
    [(name, pa.string()) for name in ("batch_id", "artifact_sha256", "feed_id", "source_name", "parser_version", "suite_version")]
    + [("received_at", _TIME), ("known_at", _TIME), ("run_id", pa.string()), ("status", pa.string())]
    + [(name, pa.int64()) for name in ("read", "added", "updated", "unchanged", "rejected")]
    + [("periods", pa.list_(pa.string())), ("message", pa.string())]
)
