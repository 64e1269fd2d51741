"""What a batch looks like, and what is unlike the batches before it. `profile` describes every staged column in TEMP table `profile`; `find` compares
it with the feed's last promoted batches (`quality.column_profile`) and leaves what it finds in TEMP table `drift`, where the rules look.

    columns   against the batch before: added, missing, renamed (nearest name), retyped (typed cells that no longer can be read)
    volume    against the median of the last five, once there are three: under half, over double
    content   against the mean of the last five, once there are three and 30 rows: share of empty cells off by 0.2; mean off by one standard
              deviation; values' shares off by 0.3 in all (total variation), plus 1/sqrt(rows) for the noise of small files
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from statistics import fmean, median
from typing import Any

import duckdb
import pyarrow as pa

from expectations.gate import file_of
from expectations.rules import Suite
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
    """TEMP tables `drift` (aspect, column_name, finding) and `drift_history` (by aspect: is there enough to compare with?). DuckDB would plan a comparison in
    SQL for longer than it takes here, at each of many small files."""
    rows = connection.execute(sql_of("expectations", "earlier_profile.sql"), {"feed_id": feed_id, "suite": suite.name}).fetchall()
    earlier = [_described_by(read, [row[2:] for row in of_batch]) for (_, read), of_batch in groupby(rows, key=itemgetter(0, 1))]
    columns = "origin, column_name, rows, nulls, null_share, mean, deviation, top_values"
    profiled = connection.execute(f"select {columns} from profile").fetchall()
    now = _described_by(max((row[2] for row in profiled), default=0), profiled)
    has_history = {
        "columns": any(batch.source or batch.staged for batch in earlier),
        "volume": len(earlier) >= 3,
        "content": len(earlier) >= 3 and min(batch.rows for batch in earlier) >= 30 and now.rows >= 30,
    }
    found: list[_Finding] = []
    if earlier:
        found += _renamed(connection, now, earlier[0])
        found += _retyped(now, earlier)
    if has_history["volume"]:
        found += _of_another_size(now, earlier)
    if has_history["content"]:
        found += _of_other_content(now, earlier, suite.watched)
    connection.execute(
        "create or replace temp table drift_history as select unnest($1::varchar[]) as aspect, unnest($2::boolean[]) as has_history",
        [[*has_history], [*has_history.values()]],
    )
    connection.execute(
        """
        create or replace temp table drift as
        select unnest($1::varchar[]) as aspect, unnest($2::varchar[]) as column_name, unnest($3::varchar[]) as finding
        """,
        [list(values) for values in zip(*found, strict=True)] or [[], [], []],
    )


_Finding = tuple[str, str | None, str]  # aspect, column, in words


@dataclass(frozen=True)
class _Column:
    """A typed column of a profile."""

    rows: int
    nulls: int
    null_share: float | None
    mean: float | None
    deviation: float | None
    counted: dict[str, int] | None  # rows by value

    @property
    def shares(self) -> dict[str, float]:
        """Of the rows that have a value, by value."""
        return {value: rows / (self.rows - self.nulls) for value, rows in (self.counted or {}).items()}


@dataclass(frozen=True)
class _Described:
    """A batch: its rows, the columns that its file had, and its typed columns."""

    rows: int
    source: frozenset[str]
    staged: dict[str, _Column]

    def readable(self, name: str) -> float | None:
        """Of the cells of a column that have text, the share that was read."""
        column, text = self.staged.get(name), self.staged.get(f"{name}_text")
        if column is None or text is None or text.nulls == column.rows:
            return None
        return 1 - (column.nulls - text.nulls) / (column.rows - text.nulls)


def _described_by(rows: int, profile: Sequence[tuple[Any, ...]]) -> _Described:
    source = frozenset(name.lower() for origin, name, *_ in profile if origin == "source")
    staged = {
        name: _Column(of_batch, nulls, null_share, mean, deviation, json.loads(counted) if counted else None)
        for origin, name, of_batch, nulls, null_share, mean, deviation, counted in profile
        if origin == "staged"
    }
    return _Described(rows, source, staged)


def _renamed(connection: duckdb.DuckDBPyConnection, now: _Described, before: _Described) -> Iterator[_Finding]:
    """Columns of the file that are new or gone. Of a file without names, none is."""
    if not (now.source and before.source):
        return
    added, missing = now.source - before.source, before.source - now.source
    now_called = {}
    if added and missing:
        nearest = """
            select missing, arg_max(added, jaro_winkler_similarity(missing, added))
            from unnest($1::varchar[]) as gone (missing) cross join unnest($2::varchar[]) as came (added)
            where jaro_winkler_similarity(missing, added) >= 0.8
            group by missing
        """
        now_called = dict(connection.execute(nearest, [sorted(missing), sorted(added)]).fetchall())
    for name in missing:
        yield "columns", name, f"renamed: {name} is now {now_called[name]}?" if name in now_called else f"missing: {name}"
    for name in added - {*now_called.values()}:
        yield "columns", name, f"added: {name}"


def _retyped(now: _Described, earlier: Sequence[_Described]) -> Iterator[_Finding]:
    """Columns whose cells could be read and no longer can."""
    for name in now.staged:
        share, usual = now.readable(name), _mean(batch.readable(name) for batch in earlier)
        if share is not None and usual is not None and share < 0.5 and usual > 0.9:
            yield "columns", name, f"retyped: {name}: {_percent(share)} can be read, {_percent(usual)} before"


def _of_another_size(now: _Described, earlier: Sequence[_Described]) -> Iterator[_Finding]:
    usual = median(batch.rows for batch in earlier)
    if not 0.5 * usual <= now.rows <= 2 * usual:
        yield "volume", None, f"rows: {now.rows}, usually {round(usual)}"


def _of_other_content(now: _Described, earlier: Sequence[_Described], watched: Sequence[str]) -> Iterator[_Finding]:
    for name, column in now.staged.items():
        if name not in watched:
            continue
        before = [batch.staged[name] for batch in earlier if name in batch.staged]
        share, usual_share = column.null_share, _mean(one.null_share for one in before)
        if share is not None and usual_share is not None and abs(share - usual_share) > 0.2:
            yield "content", name, f"empty: {name}: {_percent(share)} of rows, usually {_percent(usual_share)}"
        mean, usual, deviation = column.mean, _mean(one.mean for one in before), _mean(one.deviation for one in before)
        if mean is not None and usual is not None and deviation is not None and abs(mean - usual) > deviation > 0:
            yield "content", name, f"mean: {name}: {round(mean, 3)}, usually {round(usual, 3)}"
        shares, usual_shares = column.shares, _usual_shares(before, len(earlier))
        if shares and usual_shares:
            variation = sum(abs(shares.get(value, 0) - usual_shares.get(value, 0)) for value in {*shares, *usual_shares}) / 2
            if variation > 0.3 + 1 / math.sqrt(now.rows):
                yield "content", name, f"spread: {name}: {_percent(variation)} of rows have other values than usual"


def _usual_shares(before: Sequence[_Column], batches: int) -> dict[str, float]:
    """By value; none where the values of a batch were too many to count: what is not known is not different."""
    counted = [one.shares for one in before if one.counted is not None]
    if len(counted) < batches:
        return {}
    return {value: sum(shares.get(value, 0) for shares in counted) / batches for value in {value for shares in counted for value in shares}}


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _percent(share: float) -> str:
    return f"{math.floor(100 * share + 0.5):.1f} %"


def keep(connection: duckdb.DuckDBPyConnection, feed_id: str, batch_ids: Sequence[str]) -> None:
    """Keep the profile of each file. Call it in the transaction that commits the batches."""
    connection.execute(
        """
        insert into quality.column_profile by name
        select list_extract($batch_ids::varchar[], file + 1) as batch_id, $feed_id as feed_id, * exclude (file) from profile
        """,
        {"batch_ids": list(batch_ids), "feed_id": feed_id},
    )
