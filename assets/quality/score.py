"""Data quality out of `quality.expectation_result`, quarter by quarter."""

import duckdb

from warehouse.database import run_script, transaction
from warehouse.files import sql_of


def reckon(connection: duckdb.DuckDBPyConnection, period: str) -> int:
    """`quality.score` of one quarter, anew. Returns its rows."""
    with transaction(connection):
        run_script(connection, sql_of("assets.quality", "score.sql"), {"period": period})
    row = connection.execute("select count(*) from quality.score where period = $1", [period]).fetchone()
    assert row is not None
    return int(row[0])
