"""Dagster assets of the submissions product: one per feed."""

from collections.abc import Sequence
from dataclasses import replace

import dagster as dg

from assets import arrival
from assets.arrival import Clock, recorded
from assets.ingest import Committed, always, build_feed_asset
from assets.submissions import evidence, feedback, published_index, submission
from expectations.intake import Arrival
from warehouse.archive import Archive
from warehouse.files import sha256_of
from warehouse.registry import Feed, FeedKind


def build_submission_assets(feeds: Sequence[Feed]) -> list[dg.AssetsDefinition]:
    """Evidence is archived beside its submission, and senders are told what became of their files. Files leave the inbox
    once they are committed, promoted or rejected, and their senders told."""

    def after_commit(committed: Committed) -> None:
        feed, archive = committed.feed, committed.archive
        folder = committed.home.feedback if feed.is_inbox else committed.home.feedback / feed.id
        with committed.warehouse.open_for_writing() as connection:
            evidence.load(connection, archive, feed.id)
        feedback.bring_up(committed.warehouse, archive, feed, submission.reader(feed), folder, committed.progress)
        if feed.is_inbox:
            _empty(committed)

    built = []
    for feed in feeds:
        if feed.kind is FeedKind.SUBMISSION:
            reader = submission.reader(feed)
            built.append(build_feed_asset(feed, always(reader), reader.suite, lambda _warehouse: _arrive, after_commit))
        else:
            built.append(build_feed_asset(feed, always(published_index.READER), published_index.READER.suite))
    return built


def _arrive(feed: Feed, archive: Archive, clock: Clock) -> Arrival:
    """Submissions first: evidence is kept beside the one it comes with."""
    if feed.path is None:
        return arrival.arrive(feed, archive, clock)
    lying = recorded(feed.path)
    bundles = evidence.bundles(lying)
    submissions = replace(lying, files=tuple(file for file in lying.files if file not in bundles), folders=())
    taken = arrival.take(feed, submissions, archive, clock)
    taken.problems.extend(f"{feed.declared or feed.id}: {problem}" for problem in evidence.collect(feed, bundles, archive, clock))
    return taken


def _empty(committed: Committed) -> None:
    """Remove what was committed, by its bytes: a file that came in, or grew, since it was read stays for the next run."""
    assert committed.feed.path is not None
    lying = recorded(committed.feed.path)
    done = {artifact.sha256 for artifact in committed.artifacts}
    for file in lying.files:
        if sha256_of(file.read_bytes()) in done:
            file.unlink()
    evidence.remove(committed.feed, evidence.bundles(lying), committed.archive)
