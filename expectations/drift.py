"""What a batch looks like, and what is unlike the batches before it. `profile` describes every staged column in TEMP table `profile`; `find` compares
it with the feed's last promoted batches (`quality.column_profile`) and leaves what it finds in TEMP table `drift`, where the rules look.

    columns   against the batch before: added, missing, renamed (nearest name), retyped (typed cells that no longer can be read)
    volume    against the median of the last five, once there are three: under half, over double
    content   against the mean of the last five, once there are three and 30 rows: share of empty cells off by 0.2; mean off by one standard
              deviation; values' shares off by 0.3 in all (total variation), plus 1/sqrt(rows) for the noise of small files
"""

import json
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from expectations.gate import file_of
from expectations.rules import Suite
from warehouse.database import run_script
from warehouse.files import sql_of

SOURCE_COLUMNS = b"source_columns"
NUMBERS = ("INTEGER", "BIGINT", "DOUBLE", "DECIMAL")
MOST_TOP_VALUES = 50


def with_source_columns(parsed: pa.Table, names: list[str]) -> pa.Table:
    """Note on a parsed table which columns the file itself had, in its own words."""
    return parsed.replace_schema_metadata({SOURCE_COLUMNS: json.dumps(names)})


def source_columns(parsed: pa.Table) -> list[str]:
    noted = (parsed.schema.metadata or {}).get(SOURCE_COLUMNS)
    return json.loads(noted) if noted else []


def profile(connection: duckdb.DuckDBPyConnection, suite: Suite, names: Sequence[list[str]]) -> None:
    """TEMP table `profile` out of TEMP table `batch`: for each file of it (`names` are the columns it had) one row per staged column, and one per column
    that the file had."""
    file, grouped = file_of(len(names)), " group by all" if len(names) > 1 else ""
    connection.execute("create or replace temp table profile as select 0 as file, * exclude (batch_id, feed_id) from quality.column_profile limit 0")
    connection.execute(
        f"""
        insert into profile by name
        select counted.file, 'source' as origin, unnest(list_extract($names::varchar[][], counted.file + 1)) as column_name, counted.rows
        from (select {file} as file, count(*) as rows from batch{grouped}) as counted
        """,
        {"names": list(names)},
    )
    twins = {f"{name}_text" for name in suite.columns}
    labels = {name for name in suite.watched if name not in suite.free_text and not suite.columns[name].startswith(("DOUBLE", "BIGINT"))}
    described = [
        _described(name, kind, hidden=name in suite.free_text, is_twin=name in twins, is_label=name in labels)
        for name, kind in suite.columns.items()
        if name != "source_row" and not kind.endswith("[]")
    ]
    connection.execute(
        f"""
        insert into profile by name
        select file, unnest(described, recursive := true) from (select {file} as file, [{", ".join(described)}] as described from batch{grouped})
        """
    )


def _described(name: str, kind: str, *, hidden: bool, is_twin: bool, is_label: bool) -> str:
    """SQL of a row of the profile, aggregated over the batch: one scan for all columns. Of the text that a column was read from (its twin) it is counted
    where there is any: the values are described once, as they were read. Labels are counted each; measured numbers rarely repeat, so their mean is compared,
    not their values."""
    column = f'"{name}"'
    counted = f"case when approx_count_distinct({column}) between 1 and {MOST_TOP_VALUES} then to_json(histogram({column})) end"
    sound = f"filter (where isfinite({column}::double) and abs({column}::double) < 1e15)"  # a moment of infinity is an error
    is_number = kind.startswith(NUMBERS)
    return f"""{{
        'origin': 'staged',
        'column_name': '{name}',
        'rows': count(*),
        'nulls': count(*) - count({column}),
        'null_share': (count(*) - count({column})) / nullif(count(*), 0),
        'distinct_values': {"null::bigint" if is_twin else f"approx_count_distinct({column})"},
        'min_value': {"null::varchar" if hidden or is_twin else f"min({column})::varchar"},
        'max_value': {"null::varchar" if hidden or is_twin else f"max({column})::varchar"},
        'mean': {f"avg({column}::double) {sound}" if is_number else "null::double"},
        'deviation': {f"stddev_samp({column}::double) {sound}" if is_number else "null::double"},
        'top_values': {counted if is_label else "null::json"}
    }}"""


def find(connection: duckdb.DuckDBPyConnection, suite: Suite, feed_id: str) -> None:
    """TEMP tables `drift` (aspect, column, finding) and `drift_history` (is there enough to compare with?)."""
    run_script(connection, sql_of("expectations", "drift_history.sql"), {"feed_id": feed_id, "suite": suite.name})
    if connection.execute("select 1 from earlier limit 1").fetchone() is not None:
        run_script(connection, sql_of("expectations", "drift.sql"), {"watched": list(suite.watched)})


def keep(connection: duckdb.DuckDBPyConnection, feed_id: str, batch_ids: Sequence[str]) -> None:
    """Keep the profile of each file. Call it in the transaction that commits the batches."""
    connection.execute(
        """
        insert into quality.column_profile by name
        select list_extract($batch_ids::varchar[], file + 1) as batch_id, $feed_id as feed_id, * exclude (file) from profile
        """,
        {"batch_ids": list(batch_ids), "feed_id": feed_id},
    )
