"""Pointblank on a polars frame, and on the DuckDB table through ibis."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.peers.contest import Contestant, main, table_to

NOTE = "keys with a null are compared too"
STATUSES = ["up", "down", "unknown", "maintenance"]
NO_LIMIT = 1_000_000_000
STEPS = (
    "has_rows",
    "row_numbered",
    "service_named",
    "time_readable",
    "status_named",
    "status_known",
    "latency_plausible",
    "code_plausible",
    "host_of_government",
    "url_web",
    "not_in_the_future",
    "time_unique",
)


def _plan(table: Any, in_time: Any) -> Any:
    import pointblank as pb

    return (
        pb.Validate(table)
        .row_count_match(count=0, inverse=True)
        .col_vals_not_null(columns="source_row")
        .col_vals_not_null(columns="service")
        .col_vals_not_null(columns="checked_at")
        .col_vals_not_null(columns="status")
        .col_vals_in_set(columns="status", set=[*STATUSES, None])
        .col_vals_between(columns="latency_ms", left=0, right=600_000, na_pass=True)
        .col_vals_between(columns="http_code", left=100, right=599, na_pass=True)
        .col_vals_regex(columns="host", pattern=r"\.go\.id$", na_pass=True)
        .col_vals_regex(columns="url", pattern="^https?://", na_pass=True)
        .col_vals_expr(expr=in_time)
        .rows_distinct(columns_subset=["service", "checked_at"])
    )


def load_polars(path: Path, scratch: Path, collect: bool) -> Any:
    import polars as pl

    in_time = (pl.col("checked_at") <= pl.col("received_at") + pl.duration(minutes=5)).fill_null(True)
    return table_to("polars", path), in_time, collect


def load_ibis(path: Path, scratch: Path, collect: bool) -> Any:
    import ibis

    table = ibis.duckdb.connect(path, read_only=True).table("batch")
    in_time = (table.checked_at <= table.received_at + ibis.interval(minutes=5)).fill_null(True)
    return table, in_time, collect


def judge(loaded: Any) -> Mapping[str, int]:
    table, in_time, collect = loaded
    validation = _plan(table, in_time).interrogate(collect_extracts=collect, extract_limit=NO_LIMIT)
    if collect:
        assert any(len(extract) for extract in validation.get_data_extracts().values() if extract is not None and hasattr(extract, "__len__"))
    failed = validation.n_failed()
    errors = [step.i for step in validation.validation_info if step.eval_error]
    assert not errors, f"steps {errors} could not be run"
    return {rule: int(failed[number]) for number, rule in enumerate(STEPS, start=1)}


if __name__ == "__main__":
    main(
        Contestant(
            "pointblank", "polars", load_polars, judge, "all (limit lifted; 500 unless told)", ("pointblank", "polars", "pyarrow"), notes=NOTE, load_counts=True
        ),
        Contestant("pointblank", "ibis", load_ibis, judge, "all (limit lifted; 500 unless told)", ("pointblank", "ibis"), notes=NOTE),
    )
