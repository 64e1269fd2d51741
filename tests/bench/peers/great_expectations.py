"""Stock Great Expectations on a pandas frame, as its own tutorials do it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.peers.contest import Contestant, main, table_to

STATUSES = ["up", "down", "unknown", "maintenance"]


def load(path: Path, scratch: Path, collect: bool) -> Any:
    import pandas as pd

    frame = table_to("pandas", path)
    frame["latest_at"] = frame["received_at"] + pd.Timedelta(minutes=5)  # it compares columns, not expressions
    return frame, collect


def judge(loaded: Any) -> Mapping[str, int]:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    frame, collect = loaded
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    batch = context.data_sources.add_pandas("bench").add_dataframe_asset("batch").add_batch_definition_whole_dataframe("all")
    said = {
        "has_rows": gxe.ExpectTableRowCountToBeBetween(min_value=1),
        "row_numbered": gxe.ExpectColumnValuesToNotBeNull(column="source_row"),
        "service_named": gxe.ExpectColumnValuesToNotBeNull(column="service"),
        "time_readable": gxe.ExpectColumnValuesToNotBeNull(column="checked_at"),
        "status_named": gxe.ExpectColumnValuesToNotBeNull(column="status"),
        "status_known": gxe.ExpectColumnValuesToBeInSet(column="status", value_set=STATUSES),
        "latency_plausible": gxe.ExpectColumnValuesToBeBetween(column="latency_ms", min_value=0, max_value=600_000),
        "code_plausible": gxe.ExpectColumnValuesToBeBetween(column="http_code", min_value=100, max_value=599),
        "host_of_government": gxe.ExpectColumnValuesToMatchRegex(column="host", regex=r".*\.go\.id$"),
        "url_web": gxe.ExpectColumnValuesToMatchRegex(column="url", regex="^https?://"),
        "not_in_the_future": gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="latest_at", column_B="checked_at", or_equal=True, ignore_row_if="either_value_is_missing"
        ),
        "time_unique": gxe.ExpectCompoundColumnsToBeUnique(column_list=["service", "checked_at"], ignore_row_if="any_value_is_missing"),
    }
    for rule, expectation in said.items():
        expectation.meta = {"rule": rule}
    suite = context.suites.add(gx.ExpectationSuite(name="bench", expectations=list(said.values())))
    validation = gx.ValidationDefinition(name="bench", data=batch, suite=suite)
    wanted: dict[str, Any] = {"result_format": "BASIC", "partial_unexpected_count": 0}
    if collect:
        wanted = {"result_format": "COMPLETE", "unexpected_index_column_names": ["source_row"]}
    outcome = validation.run(batch_parameters={"dataframe": frame}, result_format=wanted)
    found = {}
    for result in outcome.results:
        assert not result.exception_info or not result.exception_info.get("raised_exception"), result.exception_info
        rule = result.expectation_config.meta["rule"]
        found[rule] = int(result.result.get("unexpected_count", 0)) if rule != "has_rows" else int(not result.success)
    return found


if __name__ == "__main__":
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # it waits seconds for a network
    main(Contestant("great-expectations", "pandas", load, judge, "all, with key", ("great_expectations", "pandas"), load_counts=True))
