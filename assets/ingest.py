"""The asset that every feed has: archive to core. One factory, so that all feeds look alike in Dagster: same metadata, one check per rule."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from assets import checks
from assets.arrival import Arrive, arrive
from expectations import record
from expectations.intake import Arrival, FeedOutcome, Progress, Reader, take_in, take_nothing
from expectations.rules import Suite
from warehouse.archive import Archive, Artifact, CorruptArtifact
from warehouse.database import Warehouse
from warehouse.home import Home
from warehouse.lake import Lake
from warehouse.registry import Feed

REFERENCE = dg.AssetKey(["ref", "reference"])
ARRIVED = "arrived"
SAID_EVERY_S = 10

OfLake = Callable[[Warehouse, Archive, Lake, Feed, Reader, Progress], object]


def always(reader: Reader) -> Callable[[Feed, Lake], Reader]:
    """For kinds whose reader is the same whatever the feed's settings say."""
    return lambda _feed, _lake: reader


def feed_key(feed: Feed) -> dg.AssetKey:
    return dg.AssetKey([feed.product.value, feed.id])


@dataclass(frozen=True)
class Committed:
    """What arrived of a feed, all of it judged and committed, and where that can be looked up."""

    feed: Feed
    artifacts: tuple[Artifact, ...]
    warehouse: Warehouse
    archive: Archive
    home: Home
    progress: Progress


def build_feed_asset(
    feed: Feed,
    reader_of: Callable[[Feed, Lake], Reader],
    suite: Suite,
    arrive_from: Callable[[Warehouse], Arrive] = lambda _warehouse: arrive,
    after_commit: Callable[[Committed], None] | None = None,
    mend: OfLake | None = None,
    settle: OfLake | None = None,
) -> dg.AssetsDefinition:
    """`reader_of` gives the feed's reader once the lake is at hand; `arrive_from` gives what archives what the source has: with the
    warehouse at hand, for a source that is asked for what is not there yet. `after_commit` is called when all that arrived is committed. Of a feed that has
    files in the lake, `mend` is called before anything else, for what was damaged, and `settle` when all is committed, for what must be merged anew."""
    key = feed_key(feed)
    arrived = dg.AssetCheckSpec(
        ARRIVED,
        asset=key,
        description="The source could be read, and none of its current batches is rejected. / Sumber terbaca dan tidak ada batch yang ditolak.",
    )

    @dg.asset(
        key=key,
        deps=[REFERENCE],
        group_name=feed.product.value,
        kinds={"duckdb", "great_expectations"},
        owners=["team:diskominfo"],
        description=f"{suite.table_name} from feed `{feed.id}` ({feed.kind.value}): archived, staged, judged by suite `{suite.name}`, promoted. "
        "A row that breaks a critical rule is set aside in quality.failed_row; a rejected batch stops no other feed.",
        metadata={
            "dagster/table_name": suite.table_name,
            "dagster/column_schema": dg.TableSchema(columns=[dg.TableColumn(name, kind) for name, kind in suite.columns.items()]),
        },
        check_specs=[arrived, *(checks.spec(key, rule) for rule in suite.rules)],
        code_version=suite.version,
    )
    def ingest(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        archive: dg.ResourceParam[Archive],
        lake: dg.ResourceParam[Lake],
        home: dg.ResourceParam[Home],
        clock: dg.ResourceParam[Callable[[], datetime]],
    ) -> Iterator[dg.MaterializeResult[None]]:
        reader = reader_of(feed, lake)
        arrival = Arrival()
        try:
            if mend is not None:
                mend(warehouse, archive, lake, feed, reader, context.log.warning)
            arrival = arrive_from(warehouse)(feed, archive, clock)
            outcome = take_in(warehouse, archive, feed, reader, arrival, context.run.run_id, clock, _progress(context.log))
            if settle is not None:
                settle(warehouse, archive, lake, feed, reader, context.log.info)
        except CorruptArtifact as error:  # of one feed: it must not keep the others from being reckoned
            outcome = take_nothing(warehouse, feed, context.run.run_id, clock, str(error))
        context.log.info(_sentence(outcome))
        if after_commit is not None:
            after_commit(Committed(feed, tuple(arrival.present), warehouse, archive, home, context.log.info))
        with warehouse.open_for_reading() as connection:
            current = [row[0] for row in connection.execute("select batch_id from quality.current_batch where feed_id = $1", [feed.id]).fetchall()]
            known = record.outcomes(connection, current)
        stored = {rule.rule_id: known[rule.rule_id] for rule in suite.rules if rule.rule_id in known}  # what was promoted is judged elsewhere
        results = [_arrived(key, outcome), *checks.results(key, suite, stored)]
        yield dg.MaterializeResult(metadata=_metadata(outcome) | quality_score(stored), check_results=results)

    return ingest


def _progress(log: dg.DagsterLogManager) -> Progress:
    """All of it in the run's log, and now and then a line that is seen at the terminal too."""
    said_at = time.monotonic()

    def say(message: str) -> None:
        nonlocal said_at
        is_due = time.monotonic() - said_at >= SAID_EVERY_S
        (log.info if is_due else log.debug)(message)
        said_at = time.monotonic() if is_due else said_at

    return say


def _sentence(outcome: FeedOutcome) -> str:
    counts = f"read {outcome.read}: {outcome.added} added, {outcome.updated} updated, {outcome.unchanged} unchanged, {outcome.rejected} rejected"
    return f"{outcome.feed_id}: {outcome.status}: {counts}" + "".join(f"\n    {message}" for message in outcome.messages)


def _metadata(outcome: FeedOutcome) -> dict[str, Any]:
    return {
        "dagster/row_count": outcome.read - outcome.rejected,
        "status": outcome.status,
        "read": outcome.read,
        "added": outcome.added,
        "updated": outcome.updated,
        "unchanged": outcome.unchanged,
        "rejected": outcome.rejected,
        "batches": outcome.batches,
        "batches_unchanged": outcome.batches_unchanged,
        "message": "; ".join(outcome.messages) or "-",
    }


def quality_score(stored: Mapping[str, record.Outcome]) -> dict[str, Any]:
    """1 - rows failed / rows checked over the feed's current batches, rounded down, so that 1 is said only where nothing failed; none, where nothing was
    checked."""
    checked = sum(outcome.rows_checked for outcome in stored.values())
    failed = sum(outcome.rows_failed for outcome in stored.values())
    return {"quality_score": (checked - failed) * 10_000 // checked / 10_000, "rows_failed": failed} if checked else {}


def _arrived(key: dg.AssetKey, outcome: FeedOutcome) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=ARRIVED,
        asset_key=key,
        passed=outcome.status not in ("failed", "rejected"),
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"status": outcome.status, "message": "; ".join(outcome.messages) or "-"},
    )
