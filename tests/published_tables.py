"""Compares the published files of two homes, table by table: the same rows as often, whatever their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.home import Home


@dataclass(frozen=True)
class Compared:
    """What of a table is compared: all columns but `without`, in the rows that fulfil `where`."""

    without: tuple[str, ...] = ()
    where: str = "true"


# A rebuild tells the same story down to ids and times; only when it was told differs.
AFTER_REBUILD = {
    "meta.ingest_run": Compared(("started_at", "finished_at"), "batches > batches_unchanged"),
    "meta.migration": Compared(("applied_at",)),
    "meta.publication": Compared(("published_at",)),
}

# Two runs at different times tell the same story but for the times at which things became known, and what is hashed over them.
BETWEEN_RUNS = {
    "meta.migration": Compared(("applied_at",)),
    "meta.publication": Compared(("published_at",)),
    "meta.ingest_run": Compared(where="false"),
    "meta.artifact": Compared(("received_at",)),
    "meta.batch": Compared(("received_at", "known_at", "run_id")),
    "meta.lake_partition": Compared(("file", "sha256", "bytes")),
    "meta.release": Compared(("as_of", "created_at")),
    "core.assessment": Compared(("known_at", "received_at")),
    "core.published_index": Compared(("known_at", "received_at")),
    "open_data.dataset": Compared(("first_seen", "last_seen", "known_at", "received_at")),
    "open_data.dataset_score": Compared(("day",)),
    "open_data.dataset_indicator": Compared(("day",)),
    "quality.column_profile": Compared(where="column_name <> 'received_at'"),
    "quality.expectation_result": Compared(("run_id", "detected_at", "observed_value")),
    "quality.failed_row": Compared(("row",)),
    "quality.rule": Compared(("valid_from",)),
    "readiness.index_score": Compared(("as_of",)),
}


def tables(home: Path) -> set[str]:
    """Names of all tables of the published file."""
    with duckdb.connect(str(Home(home).published), read_only=True) as connection:
        return {f"{schema}.{table}" for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()}


def differences(one: Path, other: Path, compared: Mapping[str, Compared]) -> dict[str, tuple[int, int]]:
    """Tables that differ, with the number of rows that only one, and only the other home has published. Doubled rows count."""
    with duckdb.connect() as connection:
        for name, home in (("one", one), ("other", other)):
            connection.execute(f"attach '{Home(home).published}' as {name} (read_only)")
        found = {}
        for table in sorted(tables(one) | tables(other)):
            what = compared.get(table, Compared())
            columns = {row[0] for row in connection.execute(f"describe one.{table}").fetchall()}
            without = [column for column in what.without if column in columns]
            selected = f"* exclude ({', '.join(without)})" if without else "*"
            sides = [f"select {selected} from {name}.{table} where {what.where}" for name in ("one", "other")]
            only = [_count(connection, f"select count(*) from (({first}) except all ({second}))") for first, second in (sides, reversed(sides))]
            if any(only):
                found[table] = (only[0], only[1])
        return found


def _count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])
