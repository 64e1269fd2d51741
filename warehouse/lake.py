"""The probe lake: immutable, content-named Parquet files, one per feed and day, and the manifest that says which of them count.
Files are written first; the manifest changes in the caller's transaction. So a kill in between leaves an unlisted file and nothing else."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import duckdb
import pyarrow.compute as pc
from pyarrow import parquet

from warehouse.files import sha256_of, sync_folder

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


class Lake:
    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, feed_id: str, day: date, relation: duckdb.DuckDBPyRelation) -> LakeFile:
        """Write the rows of `relation` (they have a column `checked_at`) as the day's file; the manifest is left alone."""
        folder = self.root / f"feed={feed_id}" / f"day={day.isoformat()}"
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".writing-")
        os.close(handle)
        try:
            relation.write_parquet(temporary, compression="zstd")
            data = Path(temporary).read_bytes()
            times = parquet.read_table(BytesIO(data), columns=["checked_at"]).column("checked_at")  # asking the relation would reckon it twice
            sha256 = sha256_of(data)
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            path = folder / f"{sha256}.parquet"
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        sync_folder(folder)
        span = pc.min_max(times).as_py()
        return LakeFile(feed_id, day, str(path.relative_to(self.root)), sha256, len(data), len(times), span["min"], span["max"])

    def list_in_manifest(self, connection: duckdb.DuckDBPyConnection, file: LakeFile) -> None:
        """Make `file` the one that counts for its day. Call it inside the transaction that commits what the file holds."""
        self.unlist(connection, file.feed_id, file.day)
        connection.execute(
            "insert into meta.lake_partition values ($1, $2, $3, $4, $5, $6, $7, $8)",
            [file.feed_id, file.day, file.file, file.sha256, file.bytes, file.rows, file.first_at, file.last_at],
        )

    def unlist(self, connection: duckdb.DuckDBPyConnection, feed_id: str, day: date) -> None:
        """No file counts for this day any more. Call it inside a transaction, as `list_in_manifest`."""
        connection.execute("delete from meta.lake_partition where feed_id = $1 and day = $2", [feed_id, day])

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
        return [(day, file) for day, file, size, sha256 in rows if not self._is_whole(self.root / file, size, sha256)]

    def _is_whole(self, path: Path, size: int, sha256: str) -> bool:
        try:
            return path.stat().st_size == size and sha256_of(path.read_bytes()) == sha256
        except OSError:
            return False

    def remove_unlisted(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Delete files that no manifest row names. Only the holder of the write lock may: nobody else can be about to list one."""
        listed = {row[0] for row in connection.execute("select file from meta.lake_partition").fetchall()}
        removed = 0
        for path in self.root.glob("feed=*/day=*/*"):
            if str(path.relative_to(self.root)) not in listed:
                path.unlink(missing_ok=True)
                removed += 1
        return removed
