"""Stages an archived batch again, over the published reference data, to look at its rows. Writes nothing."""

from collections.abc import Iterator
from datetime import datetime

import duckdb

from expectations import derived, distribution
from expectations.intake import Unreadable, parse
from expectations.rules import Rule, Suite
from pipelines.readers import reader_of
from pipelines.settings import Settings
from warehouse.archive import Archive, BatchRecord
from warehouse.lake import Lake
from warehouse.registry import Feed, Product


class NotFound(LookupError):
    """No such batch or rule, or nothing to look at."""


def rows(connection: duckdb.DuckDBPyConnection, settings: Settings, batch_id: str, rule_id: str | None) -> duckdb.DuckDBPyRelation:
    """The staged rows of the batch (TEMP table `batch`), or those that break the rule; of a rule about what a catalogue's datasets offer, what they
    offer now."""
    feed, record = _find(settings, batch_id)
    if feed.product is Product.OPEN_DATA and rule_id in _rules(distribution.SUITE):
        derived.stage_delivered(connection, distribution.SUITE, feed)
        return connection.sql(_rules(distribution.SUITE)[rule_id].reproduce_sql())
    suite = _stage(connection, settings, feed, record)
    if rule_id is None:
        return connection.sql("select * from batch")
    rule = _rules(suite).get(rule_id)
    if rule is None:
        accepted = [*_rules(suite), *(_rules(distribution.SUITE) if feed.product is Product.OPEN_DATA else ())]
        raise NotFound(f"no rule {rule_id!r} for feed {feed.id}; accepted: {', '.join(accepted)}")
    return connection.sql(rule.reproduce_sql())


def _rules(suite: Suite) -> dict[str, Rule]:
    return {rule.rule_id: rule for rule in suite.rules}


def _find(settings: Settings, batch_id: str) -> tuple[Feed, BatchRecord]:
    archive = Archive(settings.home.archive)
    found = [(feed, record) for feed in settings.feeds for record in archive.batches(feed.id) if record.batch_id.startswith(batch_id)]
    if len(found) != 1:
        raise NotFound(f'{len(found)} batches begin with {batch_id!r}; `kesiapan query "select batch_id, feed_id, source_name from meta.batch"` lists them')
    return found[0]


def stage(connection: duckdb.DuckDBPyConnection, settings: Settings, batch_id: str) -> Suite:
    """TEMP table `batch` out of the archive, as it was judged; `batch_id` may be the id's beginning. Returns the suite it is judged by."""
    return _stage(connection, settings, *_find(settings, batch_id))


def _stage(connection: duckdb.DuckDBPyConnection, settings: Settings, feed: Feed, record: BatchRecord) -> Suite:
    archive = Archive(settings.home.archive)
    reader = reader_of(feed, Lake(settings.home.lake))
    artifact = next(artifact for artifact in archive.artifacts(feed.id) if artifact.sha256 == record.artifact_sha256)
    parsed = parse(archive, reader, artifact)
    if isinstance(parsed, Unreadable):
        raise NotFound(f"{artifact.source_name}: {parsed}")
    reader.stage(connection, parsed, feed, artifact)
    return reader.suite


def newest(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[tuple[str, datetime, duckdb.DuckDBPyConnection, Suite]]:
    """The newest promoted batch of every feed, and what a catalogue's datasets offer, with the time it was first judged, staged one after the other on the
    same connection."""
    found = connection.execute(
        """
        select feed_id, batch_id, known_at from quality.current_batch
        where status = 'promoted'
        qualify row_number() over (partition by feed_id order by known_at desc, batch_id) = 1
        order by feed_id
        """
    ).fetchall()
    for feed_id, batch_id, known_at in found:
        yield feed_id, known_at, connection, stage(connection, settings, batch_id)
    judged_at = {feed_id: known_at for feed_id, _, known_at in found}
    for feed in settings.of(Product.OPEN_DATA):
        if feed.id in judged_at:
            derived.stage_delivered(connection, distribution.SUITE, feed)
            yield f"{feed.id}-{distribution.SUITE.name}", judged_at[feed.id], connection, distribution.SUITE
