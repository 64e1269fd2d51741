"""Dagster assets of the quality product."""

import dagster as dg

from assets.quality.score import reckon
from warehouse import period as quarter
from warehouse.database import Warehouse

SCORE = dg.AssetKey(["quality", "score"])


def build_quality_assets(upstream: list[dg.AssetKey], quarters: dg.TimeWindowPartitionsDefinition) -> list[dg.AssetsDefinition]:
    @dg.asset(
        key=SCORE,
        deps=upstream,
        group_name="quality",
        kinds={"duckdb"},
        owners=["team:diskominfo"],
        partitions_def=quarters,
        backfill_policy=dg.BackfillPolicy.single_run(),
        description="Data quality out of quality.expectation_result. Grain: quarter, government, agency, feed, dimension. "
        "Score: 1 - rows failed / rows checked; without anything checked there is no score, and the reason.",
        metadata={"dagster/table_name": "quality.score"},
        code_version="2",
    )
    def score(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        with warehouse.open_for_writing() as connection:
            rows = sum(reckon(connection, quarter.of_first_day(key)) for key in context.partition_keys)
        return dg.MaterializeResult(metadata={"dagster/partition_row_count": rows})

    return [score]
