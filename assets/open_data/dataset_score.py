"""What the records of datasets are worth, MQA-style."""

import duckdb

from warehouse.database import run_script, transaction
from warehouse.files import sql_of


def reckon(connection: duckdb.DuckDBPyConnection) -> tuple[int, float | None]:
    """`open_data.dataset_score` and `open_data.dataset_indicator` of every dataset's newest version. Returns how many, and their mean findability."""
    with transaction(connection):
        run_script(connection, sql_of("assets.open_data", "dataset_score.sql"), {})
    row = connection.execute(
        "select count(*), avg(findability) from newest_dataset inner join open_data.dataset_score using (feed_id, dataset_id, day)"
    ).fetchone()
    assert row is not None
    return int(row[0]), row[1]
