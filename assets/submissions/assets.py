"""Dagster assets of the submissions product: one per feed."""

from collections.abc import Sequence

import dagster as dg

from assets.arrival import recorded
from assets.ingest import Committed, always, build_feed_asset
from assets.submissions import feedback, published_index, submission
from warehouse.files import sha256_of
from warehouse.registry import Feed, FeedKind


def build_submission_assets(feeds: Sequence[Feed], inbox: str) -> list[dg.AssetsDefinition]:
    """Senders are told what became of their files. Feed `inbox` is a folder that empties: its files leave it once they are committed, promoted or
    rejected, and their senders told."""

    def after_commit(committed: Committed) -> None:
        is_inbox = committed.feed.id == inbox
        folder = committed.home.feedback if is_inbox else committed.home.feedback / committed.feed.id
        with committed.warehouse.open_for_reading() as connection:
            feedback.bring_up(connection, committed.archive, committed.feed, submission.READER, folder, committed.progress)
        if is_inbox:
            _empty(committed)

    built = []
    for feed in feeds:
        if feed.kind is FeedKind.SUBMISSION:
            built.append(build_feed_asset(feed, always(submission.READER), submission.READER.suite, after_commit))
        else:
            built.append(build_feed_asset(feed, always(published_index.READER), published_index.READER.suite))
    return built


def _empty(committed: Committed) -> None:
    """Remove what was committed, by its bytes: a file that came in, or grew, since it was read stays for the next run."""
    assert committed.feed.path is not None
    done = {artifact.sha256 for artifact in committed.artifacts}
    for file in recorded(committed.feed.path).files:
        if sha256_of(file.read_bytes()) in done:
            file.unlink()
