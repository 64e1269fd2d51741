"""The probe lake: immutable, content-named Parquet files, one per feed and day, and the manifest that says which of them count, and what they say in few
words. Files are written first; the manifest changes in the caller's transaction. So a kill in between leaves an unlisted file and nothing else."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO
from operator import attrgetter
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from warehouse import lake_run
from warehouse.database import run_on_incoming, transaction
from warehouse.files import is_whole, sha256_of, sync_folder
from warehouse.registry import Feed
from warehouse.workers import ahead

FILES_AT_ONCE = 30
ADDED_COLUMNS = {"vantage": "'-'", "certificate_expires_at": "null::timestamptz"}


@dataclass(frozen=True)
class LakeFile:
    """A row of `meta.lake_partition`. `file` is relative to the lake folder."""

    feed_id: str
    day: date
    file: str
    sha256: str
    bytes: int
    rows: int
    first_at: datetime
    last_at: datetime
    found: lake_run.Found = field(repr=False, compare=False)


class Lake:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, feed: Feed, day: date, relation: duckdb.DuckDBPyRelation) -> LakeFile:
        """Write the checks of `relation`, in the order of service and time, as the day's file; the manifest is left alone."""
        folder = self.root / f"feed={feed.id}" / f"day={day.isoformat()}"
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".writing-")
        os.close(handle)
        try:
            relation.write_parquet(temporary, compression="zstd")
            data = Path(temporary).read_bytes()
            found = lake_run.find(BytesIO(data), feed.max_hold_s)  # asking the relation would reckon it twice
            sha256 = sha256_of(data)
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            path = folder / f"{sha256}.parquet"
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(folder)
        first_at, last_at = pc.min(found.runs["first_at"]).as_py(), pc.max(found.runs["last_at"]).as_py()
        rows = pc.sum(found.runs["checks"]).as_py()
        return LakeFile(feed.id, day, str(path.relative_to(self.root)), sha256, len(data), rows, first_at, last_at, found)

    def list_in_manifest(self, connection: duckdb.DuckDBPyConnection, file: LakeFile) -> None:
        """Make `file` the one that counts for its day. Call it inside the transaction that commits what the file holds."""
        self.unlist(connection, file.feed_id, file.day)
        connection.execute(
            "insert into meta.lake_partition values ($1, $2, $3, $4, $5, $6, $7, $8)",
            [file.feed_id, file.day, file.file, file.sha256, file.bytes, file.rows, file.first_at, file.last_at],
        )
        self._note(connection, file.feed_id, [(file.day, file.found)])

    def find_again(self, connection: duckdb.DuckDBPyConnection, feed: Feed) -> Iterator[date]:
        """What the feed's files say in few words is found anew where that was not done by this `max_hold_s`: it was another, or the file is of before. Some
        files at a time are a transaction. Yields the days up to which that is done."""
        unknown = connection.execute(
            """
            select listed.day, listed.file
            from meta.lake_partition as listed
            anti join meta.lake_run as known on known.feed_id = listed.feed_id and known.day = listed.day and known.max_hold_s = $2
            where listed.feed_id = $1
            order by listed.day
            """,
            [feed.id, feed.max_hold_s],
        ).fetchall()
        some = [unknown[first : first + FILES_AT_ONCE] for first in range(0, len(unknown), FILES_AT_ONCE)]
        for found in ahead([(day, lake_run.find(self.root / file, feed.max_hold_s)) for day, file in files] for files in some):
            with transaction(connection):
                self._forget(connection, feed.id, [day for day, _ in found])
                self._note(connection, feed.id, found)
            yield found[-1][0]

    def _note(self, connection: duckdb.DuckDBPyConnection, feed_id: str, found: Sequence[tuple[date, lake_run.Found]]) -> None:
        """`found` of the file of each day."""
        for table, of in (("meta.lake_run", attrgetter("runs")), ("meta.lake_target", attrgetter("targets"))):
            rows = pa.concat_tables(of(one).append_column("day", pa.repeat(day, len(of(one)))) for day, one in found)
            run_on_incoming(connection, rows, f"insert into {table} by name select $feed_id as feed_id, * from incoming", {"feed_id": feed_id})

    def _forget(self, connection: duckdb.DuckDBPyConnection, feed_id: str, days: Sequence[date]) -> None:
        for table in ("meta.lake_run", "meta.lake_target"):
            connection.execute(f"delete from {table} where feed_id = $1 and day = any($2)", [feed_id, days])

    def unlist(self, connection: duckdb.DuckDBPyConnection, feed_id: str, day: date) -> None:
        """No file counts for this day any more. Call it inside a transaction, as `list_in_manifest`."""
        connection.execute("delete from meta.lake_partition where feed_id = $1 and day = $2", [feed_id, day])
        self._forget(connection, feed_id, [day])

    def files(self, connection: duckdb.DuckDBPyConnection, feed_id: str, from_day: date = date.min, last_day: date = date.max) -> list[str]:
        """Paths of a feed's files that count, of these days, in their order."""
        rows = connection.execute(
            "select file from meta.lake_partition where feed_id = $1 and day between $2 and $3 order by day, file", [feed_id, from_day, last_day]
        ).fetchall()
        return [str(self.root / row[0]) for row in rows]

    def read(self, connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> duckdb.DuckDBPyRelation:
        """The checks of these files, named as the manifest does, with `day`, that of their file. What older files had no column for is as they would say
        it."""
        checks = connection.read_parquet([str(self.root / file) for file in files], hive_partitioning=True, union_by_name=True)
        missing = [f"{value} as {column}" for column, value in ADDED_COLUMNS.items() if column not in checks.columns]
        present = [f"coalesce({column}, {ADDED_COLUMNS[column]}) as {column}" if column in ADDED_COLUMNS else column for column in checks.columns]
        return checks.project(", ".join(present + missing))

    def damaged(self, connection: duckdb.DuckDBPyConnection, feed_id: str) -> list[tuple[date, str]]:
        """Days whose file is gone, or no longer has the hash it is listed with, and the file's path within the lake."""
        rows = connection.execute("select day, file, bytes, sha256 from meta.lake_partition where feed_id = $1 order by day, file", [feed_id]).fetchall()
        return [(day, file) for day, file, size, sha256 in rows if not is_whole(self.root / file, size, sha256)]

    def remove_unlisted(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Delete files that no manifest row names. Only the holder of the write lock may: nobody else can be about to list one."""
        listed = {row[0] for row in connection.execute("select file from meta.lake_partition").fetchall()}
        removed = 0
        for path in self.root.glob("feed=*/day=*/*"):
            if str(path.relative_to(self.root)) not in listed:
                path.unlink(missing_ok=True)
                removed += 1
        return removed
