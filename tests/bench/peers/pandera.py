"""Pandera on a polars and on a pandas frame. Lazy validation: it goes on after the first failure and gathers the failure cases."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.peers.contest import Contestant, main, table_to

NOTE = "keys with a null are compared too"
STATUSES = ["up", "down", "unknown", "maintenance"]


def _columns(pa: Any) -> dict[str, Any]:
    return {
        "source_row": pa.Column(nullable=False),
        "service": pa.Column(nullable=False),
        "checked_at": pa.Column(nullable=False),
        "status": pa.Column(checks=pa.Check.isin(STATUSES), nullable=False),
        "host": pa.Column(checks=pa.Check.str_endswith(".go.id"), nullable=True),
        "latency_ms": pa.Column(checks=pa.Check.in_range(0, 600_000), nullable=True),
        "http_code": pa.Column(checks=pa.Check.in_range(100, 599), nullable=True),
        "url": pa.Column(checks=pa.Check.str_matches("^https?://"), nullable=True),
    }


def polars_schema() -> Any:
    import pandera.polars as pa
    import polars as pl

    def in_time(frame: Any) -> Any:
        return frame.lazyframe.select(pl.col("checked_at") <= pl.col("received_at") + pl.duration(minutes=5))

    def has_rows(frame: Any) -> Any:
        return frame.lazyframe.select(pl.len() > 0)

    checks = [pa.Check(in_time, name="not_in_the_future"), pa.Check(has_rows, name="has_rows")]
    return pa.DataFrameSchema(_columns(pa), checks=checks, unique=["service", "checked_at"])


def pandas_schema() -> Any:
    import pandas as pd
    import pandera.pandas as pa

    def in_time(frame: Any) -> Any:
        return (frame["checked_at"] <= frame["received_at"] + pd.Timedelta(minutes=5)) | frame["checked_at"].isna()

    def has_rows(frame: Any) -> bool:
        return len(frame) > 0

    checks = [pa.Check(in_time, name="not_in_the_future"), pa.Check(has_rows, name="has_rows")]
    return pa.DataFrameSchema(_columns(pa), checks=checks, unique=["service", "checked_at"])


def load_polars(path: Path, scratch: Path, collect: bool) -> Any:
    return polars_schema(), table_to("polars", path)


def load_pandas(path: Path, scratch: Path, collect: bool) -> Any:
    return pandas_schema(), table_to("pandas", path)


RULE_OF = {
    ("source_row", "not_nullable"): "row_numbered",
    ("service", "not_nullable"): "service_named",
    ("checked_at", "not_nullable"): "time_readable",
    ("status", "not_nullable"): "status_named",
    ("status", "isin"): "status_known",
    ("host", "str_endswith"): "host_of_government",
    ("latency_ms", "in_range"): "latency_plausible",
    ("http_code", "in_range"): "code_plausible",
    ("url", "str_matches"): "url_web",
}


def _rows(failures: Any) -> int:
    """Failure cases are cells: on pandas, a check of whole rows gives one for each column."""
    if isinstance(failures, bool | str):
        return 1
    return int(failures["index"].nunique()) if "index" in getattr(failures, "columns", ()) else len(failures)


def judge(loaded: Any) -> Mapping[str, int]:
    from pandera.errors import SchemaErrors

    schema, frame = loaded
    found = dict.fromkeys((*RULE_OF.values(), "not_in_the_future", "time_unique", "has_rows"), 0)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases  # the rows: value and index
        assert len(cases) > 0
        for error in errors.schema_errors:
            check = str(getattr(error.check, "name", error.check) or error.check)
            column = getattr(error.schema, "name", None)
            rule = RULE_OF.get((column, check.split("(", maxsplit=1)[0]), "time_unique" if "unique" in check else check)
            found[rule] = _rows(error.failure_cases)
    return found


if __name__ == "__main__":
    main(
        Contestant("pandera", "polars", load_polars, judge, "value and row index", ("pandera.polars", "polars", "pyarrow"), notes=NOTE, load_counts=True),
        Contestant("pandera", "pandas", load_pandas, judge, "value and row index", ("pandera.pandas", "pandas"), notes=NOTE, load_counts=True),
    )
