"""Dagster assets of the quality product."""

import dagster as dg

from warehouse import period as quarter
from warehouse.database import Warehouse, run_script, transaction
from warehouse.files import sql_of

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
        code_version="1",
    )
    def score(context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        script = sql_of("assets.quality", "score.sql")
        rows = 0
        with warehouse.open_for_writing() as connection:
            for key in context.partition_keys:
                period = quarter.of_first_day(key)
                with transaction(connection):
                    run_script(connection, script, {"period": period})
                found = connection.execute("select count(*) from quality.score where period = $1", [period]).fetchone()
                assert found is not None
                rows += int(found[0])
        return dg.MaterializeResult(metadata={"dagster/partition_row_count": rows})

    return [score]
