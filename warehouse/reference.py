"""Loads reference data: `reference/*.csv` and what the settings say of governments and services. Methodology is data: no weight stands in code."""

from pathlib import Path

import duckdb

from warehouse.database import transaction
from warehouse.files import identifier, sha256_of, sql_of
from warehouse.registry import Government

_FOLDER = Path(__file__).parent / "reference"
_TABLES = ("region", "agency", "instrument", "component", "band", "level", "measurement_rule", "evidence_rule")
OF_AN_INDEX = ("instrument", "component", "band")  # what it is reckoned by


def fingerprint(*tables: str) -> str:
    """Changes when one of these tables does, by the names of their files."""
    return identifier(*(sha256_of((_FOLDER / f"{table}.csv").read_bytes()) for table in tables))


def load(connection: duckdb.DuckDBPyConnection, governments: tuple[Government, ...]) -> dict[str, int]:
    """Replace `ref.*` with what the files and settings say now, in one transaction. Returns rows per table."""
    statements = sql_of("warehouse", "reference.sql")
    with transaction(connection):
        connection.execute("create or replace temp table configured (code varchar, name varchar, timezone varchar)")
        for government in governments:
            connection.execute("insert into configured values ($1, $2, $3)", [government.code, government.name, government.timezone])
        connection.execute("set variable reference_folder = $1", [str(_FOLDER)])
        connection.execute(statements)
    counts = {}
    for table in (*_TABLES, "government"):
        counts[table] = int(connection.table(f"ref.{table}").count("*").fetchall()[0][0])
    return counts
