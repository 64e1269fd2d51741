"""Generated check batches for the benchmarks, and the same twelve rules written by hand. Needs DuckDB and the standard library only, so that
the environments of other engines can use it too."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
ROW_RULES = (
    "service_named",
    "time_readable",
    "not_in_the_future",
    "status_known",
    "status_named",
    "host_of_government",
    "latency_plausible",
    "code_plausible",
    "url_web",
)
RULES = ("has_rows", "row_numbered", *ROW_RULES, "time_unique")


@dataclass(frozen=True)
class Size:
    """So many generated rows, clean or with planted faults."""

    rows: int
    faults: bool

    def expected(self) -> dict[str, int]:
        """Rows that break each rule: one in 1,000, two in 1,000 for uniqueness. Exact where `rows` is a multiple of 1,000."""
        each = self.rows // 1000 if self.faults else 0
        return dict.fromkeys(RULES, 0) | dict.fromkeys(ROW_RULES, each) | {"time_unique": 2 * each}


def stage(connection: duckdb.DuckDBPyConnection, size: Size, *, temporary: bool) -> None:
    """Make table `batch`: TEMP as the pipeline stages a batch, or a table of the open file."""
    kind = "temp table" if temporary else "table"
    generated = (HERE / "generated_check.sql").read_text(encoding="utf-8")
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"create or replace {kind} batch as {generated}", {"rows": size.rows, "faults": size.faults})


def file(folder: Path, size: Size) -> Path:
    """Where the DuckDB file of that size is kept; another generator makes another file."""
    generator = hashlib.sha256((HERE / "generated_check.sql").read_bytes()).hexdigest()[:8]
    return folder / f"generated-{size.rows}-{'faults' if size.faults else 'clean'}-{generator}.duckdb"


def write(folder: Path, size: Size) -> Path:
    """A DuckDB file with table `batch`, kept if it is there already."""
    path = file(folder, size)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        connection = duckdb.connect(str(unfinished))
        stage(connection, size, temporary=False)
        connection.close()
        unfinished.replace(path)
    return path


def hand_written(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows that break each rule, by one scan and one GROUP BY. For `has_rows`: 1 when there are none."""
    scan = connection.execute((HERE / "hand_written_scan.sql").read_text(encoding="utf-8"))
    names = [column[0] for column in scan.description]
    row = scan.fetchone()
    assert row is not None
    counts = dict(zip(names, (int(value) for value in row), strict=True))
    counts["has_rows"] = int(counts["has_rows"] == 0)
    unique = connection.execute((HERE / "hand_written_unique.sql").read_text(encoding="utf-8")).fetchone()
    assert unique is not None
    return {rule: counts[rule] for rule in RULES if rule in counts} | {"time_unique": int(unique[1])}
