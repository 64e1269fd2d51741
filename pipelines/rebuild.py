"""A new warehouse out of the archive alone: same ids, same `known_at`, same releases. The old file is replaced when the new one is whole."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from assets.open_data import dataset_score, distribution
from assets.quality import score
from assets.readiness import release
from assets.submissions import evidence
from assets.uptime import roll_up, service_quarter
from expectations import catalogue, derived
from expectations.intake import FeedOutcome, Unreadable, count_what_came_back, parse, take_in_one
from pipelines.readers import reader_of
from pipelines.reference import judged_instruments
from pipelines.settings import Settings
from warehouse import reference
from warehouse.archive import Archive, Artifact
from warehouse.database import Warehouse, WarehouseMissing
from warehouse.lake import Lake
from warehouse.registry import Feed, Product

LAST = datetime.max.replace(tzinfo=UTC)


SHOWN = 5


class ArchiveIncomplete(RuntimeError):
    """The archive lacks what the live warehouse was made of. The message names it and says what to do."""


def rebuild(settings: Settings, run_id: str, clock: Callable[[], datetime], progress: Callable[[str], None], accept_loss: bool = False) -> None:
    """Holds the live warehouse meanwhile: another writer would delete the lake files that only the new one lists, another rebuild the new one itself.
    Raises `ArchiveIncomplete`, unless the loss is accepted."""
    live = settings.home.warehouse
    _set_aside_if_damaged(live, progress)
    with Warehouse(live).open_for_writing() as held:
        if not accept_loss:
            _refuse_loss(held, Archive(settings.home.archive))
        fresh = _make(settings, run_id, clock, progress)
        held.execute("checkpoint")  # a journal that stays beside the live file would be replayed into the new one
        fresh.replace(live)
    with Warehouse(live).open_for_writing() as connection:
        Lake(settings.home.lake).remove_unlisted(connection)


def _set_aside_if_damaged(live: Path, progress: Callable[[str], None]) -> None:
    """What cannot be opened cannot be held, nor say what it was made of."""
    try:
        with Warehouse(live).open_for_reading():
            return
    except WarehouseMissing:
        return
    except duckdb.Error as error:
        aside = live.with_name("warehouse.damaged.duckdb")
        live.replace(aside)
        with suppress(FileNotFoundError):
            live.with_name(f"{live.name}.wal").replace(aside.with_name(f"{aside.name}.wal"))
        progress(f"{live} cannot be opened ({str(error).splitlines()[0]}): it is {aside.name} now, and what it held that the archive lacks is not known")


def _refuse_loss(held: duckdb.DuckDBPyConnection, archive: Archive) -> None:
    try:
        lost = archive.lost(held)
    except duckdb.Error:
        return  # a damaged warehouse cannot say what it was made of
    if lost:
        shown = "".join(f"\n    {line}" for line in lost[:SHOWN]) + (f"\n    and {len(lost) - SHOWN} more" if len(lost) > SHOWN else "")
        raise ArchiveIncomplete(
            f"nothing was changed: {archive.root} no longer has whole what the warehouse was made of:{shown}\n"
            "    Restore the archive from a backup. `kesiapan rebuild --accept-loss` goes on with what is there."
        )


def _make(settings: Settings, run_id: str, clock: Callable[[], datetime], progress: Callable[[str], None]) -> Path:
    """The new warehouse, beside the live one."""
    archive, lake = Archive(settings.home.archive), Lake(settings.home.lake)
    fresh = settings.home.warehouse.with_name("warehouse.rebuilding.duckdb")
    for leftover in (fresh, fresh.with_name(fresh.name + ".wal")):
        leftover.unlink(missing_ok=True)
    with Warehouse(fresh).open_for_writing() as connection:
        reference.load(connection, settings.governments)
        catalogue.load(connection, archive, clock)
        judged_instruments(connection)
        _batches(connection, settings, archive, lake, run_id, clock, progress)
        for feed in settings.of(Product.SUBMISSIONS):
            evidence.load(connection, archive, feed.id)
        for feed in settings.of(Product.UPTIME):
            roll_up.judge(connection, feed, roll_up.roll_up(connection, lake, feed, settings.engine, progress, clock))
        for feed in settings.of(Product.OPEN_DATA):
            distribution.judge(connection, feed)
        dataset_score.reckon(connection)
        for period in release.periods_with_input(connection):
            service_quarter.reckon(connection, period, clock())
            score.reckon(connection, period)
        for period in release.unscored_periods(connection, []):
            score.reckon(connection, period)
        _releases(connection, archive, progress)
    return fresh


def _batches(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    archive: Archive,
    lake: Lake,
    run_id: str,
    clock: Callable[[], datetime],
    progress: Callable[[str], None],
) -> None:
    """Every archived file, in the order in which the batches became known. A file that was judged by older rules only is judged by today's, and
    keeps the time it was first known. Files that could not be read are named at the end."""
    queue: list[tuple[datetime, datetime, str, Feed, Artifact, str]] = []
    for feed in settings.feeds:
        first_known = {record.artifact_sha256: record for record in reversed(archive.batches(feed.id))}
        for artifact in archive.artifacts(feed.id):
            record = archive.batch(feed.id, reader_of(feed, lake).batch_id(artifact)) or first_known.get(artifact.sha256)
            queue.append((record.known_at if record else LAST, artifact.received_at, artifact.source_name, feed, artifact, record.run_id if record else run_id))
    outcomes: dict[tuple[str, str], FeedOutcome] = {}
    unread: list[str] = []
    for known_at, _, _, feed, artifact, judged_by in sorted(queue, key=lambda entry: entry[:3]):
        when = clock if known_at == LAST else _always(known_at)
        reader = reader_of(feed, lake)
        outcome = outcomes.get((judged_by, feed.id)) or FeedOutcome(feed.id, judged_by, when(), status="ok")
        parsed = parse(archive, reader, artifact)
        outcomes[judged_by, feed.id] = take_in_one(connection, archive, feed, reader, artifact, parsed, outcome, when)
        progress(f"{feed.id}: {artifact.source_name}")
        if isinstance(parsed, Unreadable):
            unread.append(f"{feed.id}: {artifact.source_name}: rejected: {parsed}")
    for feed in settings.feeds:
        count_what_came_back(connection, archive, feed.id)
    for line in unread:
        progress(line)


def _releases(connection: duckdb.DuckDBPyConnection, archive: Archive, progress: Callable[[str], None]) -> None:
    for record in archive.releases():
        made, _ = release.make_release(connection, archive, record.period, record.as_of, record.run_id, _always(record.created_at))
        derived.judge(connection, derived.INDEX_SCORE, {"release_id": made.release_id}, release.judged(made))
        if made.release_id != record.release_id:
            progress(
                f"{record.period}: release {record.release_id[:8]} cannot be made again: rules, weights or method have changed since; now {made.release_id[:8]}"
            )


def _always(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment
