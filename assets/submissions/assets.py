"""Dagster assets of the submissions product: one per feed."""

from collections.abc import Callable, Sequence

import dagster as dg

from assets.arrival import recorded_files
from assets.ingest import build_feed_asset
from assets.submissions import published_index, submission
from expectations.intake import Reader
from warehouse.archive import Artifact
from warehouse.files import sha256_of
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind


def build_submission_assets(feeds: Sequence[Feed], inbox: str) -> list[dg.AssetsDefinition]:
    """Feed `inbox` is a folder that empties: its files leave it once they are committed, promoted or rejected."""
    built = []
    for feed in feeds:
        reader = submission.READER if feed.kind is FeedKind.SUBMISSION else published_index.READER
        built.append(build_feed_asset(feed, _always(reader), reader.suite, _empty if feed.id == inbox else None))
    return built


def _empty(feed: Feed, committed: list[Artifact]) -> None:
    """Remove what was committed, by its bytes: a file that came in, or grew, since it was read stays for the next run."""
    assert feed.path is not None
    done = {artifact.sha256 for artifact in committed}
    for file in recorded_files(feed.path):
        if sha256_of(file.read_bytes()) in done:
            file.unlink()


def _always(reader: Reader) -> Callable[[Feed, Lake], Reader]:
    return lambda _feed, _lake: reader
