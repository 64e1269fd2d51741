"""Promotes accepted checks to the probe lake: one merged file per touched local day, and a note of what must be rolled up again. A file that was damaged
since is made again from the archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from expectations.intake import Batch, Counts, Progress, Reader, accepted_again
from warehouse.archive import Archive, Artifact, CorruptArtifact
from warehouse.database import Warehouse, run_script, transaction
from warehouse.files import sql_of
from warehouse.lake import Lake
from warehouse.registry import Feed

ONE_DAY = timedelta(days=1)
ENUMS = ("service", "vantage", "status", "url")


def promote(connection: duckdb.DuckDBPyConnection, batch: Batch, lake: Lake) -> Counts:
    """Called inside the transaction that commits the manifest. Of a service, vantage and moment the check that was received last wins."""
    feed = batch.feed
    zone = feed.government.timezone
    _cut_days_anew(connection, feed, lake)
    _incoming(connection, batch.artifact)
    days = [row[0] for row in connection.execute("select distinct day from batch where day is not null").fetchall()]
    days += _days_no_longer_said(connection, feed, lake, batch)
    near = 1 if feed.timezone else 0  # times that name no zone may have been read in another one before: those stand up to a day off
    present = connection.execute(
        "select file from meta.lake_partition where feed_id = $1 and list_has_any($2, [day - $3, day, day + $3])", [feed.id, days, near]
    ).fetchall()
    if present:
        _present(connection, feed, lake, [row[0] for row in present])
        _merge(connection, feed, batch.artifact)
    else:
        connection.execute("create or replace temp view merged_check as select *, 'added' as outcome from incoming_check")
    merged = [
        _Merged(*row)
        for row in connection.execute(
            """
            select
                day,
                min(checked_at) filter (where outcome <> 'kept') as changed_from,
                count(*) as checks,
                count(*) filter (where outcome = 'added') as added,
                count(*) filter (where outcome = 'updated') as updated,
                count(*) filter (where outcome = 'left') as gone
            from merged_check
            group by day
            order by day
            """
        ).fetchall()
    ]
    changed = {one.day: one.changed_from for one in merged if one.changed_from is not None}
    latest_before = latest(connection, feed.id)
    for one in merged:
        if one.gone == one.checks:
            lake.unlist(connection, feed.id, one.day)
        elif one.day in changed:
            _write(connection, feed, lake, one.day, "select * exclude (outcome) from merged_check where outcome <> 'left'")
    latest_at = latest(connection, feed.id)
    periods: list[str] = []
    if changed:
        from_at = min(changed.values())
        if latest_before is not None and latest_at is not None and latest_before < latest_at:
            from_at = min(from_at, latest_before)  # silent services and last holds reach on to the new latest check
        connection.execute("insert into uptime.touched_day values ($1, $2)", [feed.id, from_at])
        governments = sorted({service.government for service in feed.services if service.government is not None})
        touched: dict[str, object] = {"from_at": from_at, "to_at": latest_at or latest_before, "timezone": zone, "governments": governments}
        periods = _column(connection, sql_of("assets.uptime", "touched_period.sql"), touched)
    if left := [one.day for one in merged if one.gone]:
        connection.execute("delete from uptime.rolled_up where feed_id = $1", [feed.id])  # what was counted where they stood is counted anew
        connection.execute("insert into uptime.left_day select $1, unnest($2)", [feed.id, left])
    row = connection.execute("select count(*) from accepted").fetchone()
    assert row is not None
    added, updated = sum(one.added for one in merged), sum(one.updated for one in merged)
    return Counts(added, updated, int(row[0]) - added - updated, tuple(periods))


def _days_no_longer_said(connection: duckdb.DuckDBPyConnection, feed: Feed, lake: Lake, batch: Batch) -> list[date]:
    """Days of checks that this file brought when it was judged before, where it has rows now whose time is not read: they may have been those."""
    sha256 = batch.artifact.sha256
    judged = "select 1 from meta.batch where feed_id = $1 and artifact_sha256 = $2 and status = 'promoted' limit 1"
    files = lake.files(connection, feed.id)
    if not files or connection.execute("select 1 from batch where checked_at is null limit 1").fetchone() is None:
        return []
    if connection.execute(judged, [feed.id, sha256]).fetchone() is None:
        return []
    brought = lake.read(connection, files).filter(duckdb.ColumnExpression("artifact_sha256") == duckdb.ConstantExpression(sha256))
    return [row[0] for row in brought.select("day").distinct().fetchall()]


@dataclass(frozen=True)
class _Merged:
    """What became of a day: since when its checks say something else, if they do, and of how many checks, those that are gone counted too, how many came,
    were corrected, and are gone."""

    day: date
    changed_from: datetime | None
    checks: int
    added: int
    updated: int
    gone: int


class Unmendable(CorruptArtifact):
    """A damaged file of the lake that the archive cannot make again. The message names both."""


def mend(warehouse: Warehouse, archive: Archive, lake: Lake, feed: Feed, reader: Reader, warn: Progress) -> list[date]:
    """Make the feed's damaged files again. Returns their days. Nothing is rolled up again: the checks are those that were counted."""
    if not warehouse.path.exists():
        return []
    with warehouse.open_for_reading() as connection:
        damaged = dict(lake.damaged(connection, feed.id))
    if not damaged:
        return []
    with warehouse.open_for_writing() as connection:
        try:
            found = _merge_anew(connection, archive, feed, reader, list(damaged))
        except CorruptArtifact as error:
            files = ", ".join(damaged.values())
            raise Unmendable(f"lake: {files}: damaged, and not made again, for what the archive has is not whole: {error}") from error
        with transaction(connection):
            for day, file in damaged.items():
                if day not in found:
                    raise Unmendable(
                        f"lake: {file} is damaged, and the archive has no check of {feed.id} on {day}; restore the lake or the archive from a backup"
                    )
                _write(connection, feed, lake, day, "from anew_check")
                warn(f"{feed.id}: lake: {file} was damaged or gone; made again from the archive")
    return list(damaged)


def settle(warehouse: Warehouse, archive: Archive, lake: Lake, feed: Feed, reader: Reader, progress: Progress) -> list[date]:
    """Merge days anew that checks have left: what those had replaced counts again. Returns the days."""
    with warehouse.open_for_writing() as connection:
        days = [row[0] for row in connection.execute("select distinct day from uptime.left_day where feed_id = $1 order by day", [feed.id]).fetchall()]
        if not days:
            return []
        progress(f"{feed.id}: checks have left {len(days)} days, {days[0]} to {days[-1]}: merged anew from the archive")
        found = _merge_anew(connection, archive, feed, reader, days)
        with transaction(connection):
            for day in days:
                if day in found:
                    _write(connection, feed, lake, day, "from anew_check")
                else:
                    lake.unlist(connection, feed.id, day)
            connection.execute(
                "insert into uptime.touched_day select $1, min(first_at) from meta.lake_partition where feed_id = $1 and day = any($2) having count(*) > 0",
                [feed.id, days],
            )
            connection.execute("delete from uptime.left_day where feed_id = $1", [feed.id])
    return days


def _merge_anew(connection: duckdb.DuckDBPyConnection, archive: Archive, feed: Feed, reader: Reader, days: Sequence[date]) -> set[date]:
    """TEMP table `anew_check`: the checks of these days out of all artifacts that were promoted, in the order in which they became known. Returns the days
    that it has checks of. Raises `CorruptArtifact` where one of them is damaged or gone: its checks would be lost without a word."""
    promoted = connection.execute(
        """
        select artifact_sha256, arg_max(source_name, known_at) from meta.batch
        where feed_id = $1 and status = 'promoted'
        group by artifact_sha256
        order by min(known_at), min(received_at), min(source_name)
        """,
        [feed.id],
    ).fetchall()
    by_hash = {artifact.sha256: artifact for artifact in archive.artifacts(feed.id)}
    merged = "incoming_check limit 0"  # what the artifacts until now say
    for sha256, source_name in promoted:
        if sha256 not in by_hash:
            raise CorruptArtifact(f"archive: what describes {source_name} of {feed.id} ({sha256}) is gone; restore the archive from a backup")
        if accepted_again(connection, archive, feed, reader, by_hash[sha256]):
            connection.execute("delete from batch where day is null or not list_contains($1, day)", [days])
            _incoming(connection, by_hash[sha256])
            connection.execute(f"create or replace temp table present_check as select * from {merged}")
            _merge(connection, feed, by_hash[sha256])
            connection.execute("create or replace temp table anew_check as select * exclude (outcome) from merged_check")
            merged = "anew_check"
    return {row[0] for row in connection.execute("select distinct day from anew_check").fetchall()} if merged == "anew_check" else set()


def _cut_days_anew(connection: duckdb.DuckDBPyConnection, feed: Feed, lake: Lake) -> None:
    """Where the government's zone is not the one that the lake's files were cut in: each of their checks to the file of its day."""
    astray = connection.execute(
        """
        select min(least(day, first_day)), max(greatest(day, last_day))
        from (select day, timezone($2, first_at)::date as first_day, timezone($2, last_at)::date as last_day from meta.lake_partition where feed_id = $1)
        where day <> first_day or day <> last_day
        """,
        [feed.id, feed.government.timezone],
    ).fetchone()
    if astray is None or astray[0] is None:
        return
    file_of = dict(connection.execute("select day, file from meta.lake_partition where feed_id = $1", [feed.id]).fetchall())
    for day in (astray[0] + number * ONE_DAY for number in range((astray[1] - astray[0]).days + 1)):
        near = [file_of[other] for other in (day - ONE_DAY, day, day + ONE_DAY) if other in file_of]
        lake.unlist(connection, feed.id, day)
        if near:
            _present(connection, feed, lake, near)
            if connection.execute("select 1 from present_check where day = $1 limit 1", [day]).fetchone():
                _write(connection, feed, lake, day, "from present_check")


def _present(connection: duckdb.DuckDBPyConnection, feed: Feed, lake: Lake, files: Sequence[str]) -> None:
    """TEMP table `present_check`."""
    connection.register("lake_check", lake.read(connection, files))
    connection.execute(sql_of("assets.uptime", "present_check.sql"), {"timezone": feed.government.timezone})


def _write(connection: duckdb.DuckDBPyConnection, feed: Feed, lake: Lake, day: date, checks: str) -> None:
    """The checks of a day are its file from now on."""
    of_day = connection.sql(checks).filter(
        duckdb.ColumnExpression("day") == duckdb.ConstantExpression(day)
    )  # with parameters, it would be kept in memory first
    rows = of_day.select(duckdb.StarExpression(exclude=["day"])).order("service, checked_at, vantage")
    # In the file they are text again: of an ENUM it would name all that the batch has, and so would each row group, of which then none could be passed over
    rows = rows.project(f"* replace ({', '.join(f'{name}::varchar as {name}' for name in ENUMS)})")
    lake.list_in_manifest(connection, lake.write(feed, day, rows))


def _incoming(connection: duckdb.DuckDBPyConnection, artifact: Artifact) -> None:
    """TEMP view `incoming_check`."""
    run_script(connection, sql_of("assets.uptime", "incoming_check.sql"), {"artifact_sha256": artifact.sha256})


def _merge(connection: duckdb.DuckDBPyConnection, feed: Feed, artifact: Artifact) -> None:
    kept_from = artifact.received_at - timedelta(seconds=feed.keep_checks_s) if feed.keep_checks_s else datetime.min.replace(tzinfo=UTC)
    run_script(connection, sql_of("assets.uptime", "merged_check.sql"), {"artifact_sha256": artifact.sha256, "kept_from": kept_from})


def latest(connection: duckdb.DuckDBPyConnection, feed_id: str) -> datetime | None:
    """The newest check of a feed that is committed."""
    row = connection.execute("select max(last_at) from meta.lake_partition where feed_id = $1", [feed_id]).fetchone()
    return None if row is None else row[0]


def _column(connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, object]) -> list[str]:
    return [str(row[0]) for row in connection.execute(query, parameters).fetchall()]
