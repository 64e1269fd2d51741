"""Dagster assets of the readiness product: component and index scores, one release per quarter."""

from collections.abc import Callable, Iterator
from datetime import datetime

import dagster as dg

from assets import checks
from assets.readiness import release
from expectations import derived, record
from warehouse import period as quarter
from warehouse.archive import Archive
from warehouse.database import Warehouse

COMPONENT_SCORE = dg.AssetKey(["readiness", "component_score"])
INDEX_SCORE = dg.AssetKey(["readiness", "index_score"])


DUE_QUARTER = dg.AssetKey(["readiness", "due_quarter"])
DUE = "due"
UNSCORED = "unscored"


class ReleaseConfig(dg.Config):
    """`as_of`: reckon with what was known by then (ISO 8601 with zone); empty: by now."""

    as_of: str = ""


def build_readiness_assets(
    upstream: list[dg.AssetKey], of_quarter: list[dg.AssetKey], quarters: dg.TimeWindowPartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """`of_quarter` are the other tables of a quarter. A release comes after them: it is what says that the quarter is no longer due."""

    @dg.multi_asset(
        name="release",
        group_name="readiness",
        partitions_def=quarters,
        backfill_policy=dg.BackfillPolicy.single_run(),
        specs=[
            dg.AssetSpec(
                COMPONENT_SCORE,
                deps=[*upstream, *of_quarter],
                description="Domains, aspects and indicators behind each index, with exact contributions and the row each value came from. "
                "Grain: release, government, agency, period, instrument, stage, component.",
                metadata={"dagster/table_name": "readiness.component_score"},
                kinds={"duckdb"},
                owners=["team:diskominfo"],
                code_version=release.METHOD,
            ),
            dg.AssetSpec(
                INDEX_SCORE,
                deps=[*upstream, *of_quarter, COMPONENT_SCORE],
                description="Indices in exact integer arithmetic, rounded once, half up. Grain: release, government, agency, period, instrument, stage. "
                "Source: instruments SPBE2018, SPBE2020, PEMDI2026 (see docs/methodology.md).",
                metadata={"dagster/table_name": "readiness.index_score"},
                kinds={"duckdb"},
                owners=["team:diskominfo"],
                code_version=release.METHOD,
            ),
        ],
        check_specs=[checks.invariants_spec(INDEX_SCORE, derived.INDEX_SCORE)],
    )
    def make(
        context: dg.AssetExecutionContext,
        config: ReleaseConfig,
        warehouse: dg.ResourceParam[Warehouse],
        archive: dg.ResourceParam[Archive],
        clock: dg.ResourceParam[Callable[[], datetime]],
    ) -> Iterator[dg.MaterializeResult[None]]:
        as_of = datetime.fromisoformat(config.as_of) if config.as_of else None
        releases: list[str] = []
        with warehouse.open_for_writing() as connection:
            for key in context.partition_keys:
                made, is_new = release.make_release(connection, archive, quarter.of_first_day(key), as_of, context.run.run_id, clock)
                releases.append(made.release_id)
                if not record.outcomes(connection, [made.release_id]):  # new, or made by a run that was killed before it judged
                    derived.judge(connection, derived.INDEX_SCORE, {"release_id": made.release_id}, release.judged(made))
                context.log.info(f"{made.period}: {'new release' if is_new else 'unchanged, release'} {made.release_id[:8]}")
            counts = connection.execute(
                """
                select
                    (select count(*) from readiness.component_score where list_contains($1, release_id)),
                    (select count(*) from readiness.index_score where list_contains($1, release_id))
                """,
                [releases],
            ).fetchone()
            stored = record.outcomes(connection, releases)
        assert counts is not None
        yield dg.MaterializeResult(asset_key=COMPONENT_SCORE, metadata={"dagster/partition_row_count": int(counts[0])})
        yield dg.MaterializeResult(
            asset_key=INDEX_SCORE,
            metadata={"dagster/partition_row_count": int(counts[1]), "releases": ", ".join(releases)},
            check_results=[checks.invariants_result(INDEX_SCORE, derived.INDEX_SCORE, stored)],
        )

    @dg.asset(
        key=DUE_QUARTER,
        deps=upstream,
        group_name="readiness",
        kinds={"duckdb"},
        owners=["team:diskominfo"],
        description="Which quarters have input that their newest release has not counted, or are over since they were reckoned; and of which others rows were "
        "set aside that no quality score counts yet. The refresh command and the sensor `due_quarters` start just those.",
        code_version="2",
    )
    def due_quarter(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Callable[[], datetime]]
    ) -> dg.MaterializeResult[None]:
        with warehouse.open_for_reading() as connection:
            due = release.stale_periods(connection, clock())
            unscored = release.unscored_periods(connection, due)
        context.log.info(f"quarters due: {', '.join(due) or 'none, all input is released'}")
        if unscored:
            context.log.info(f"quarters due for data quality alone: {', '.join(unscored)}")
        return dg.MaterializeResult(metadata={DUE: dg.MetadataValue.json(due), UNSCORED: dg.MetadataValue.json(unscored)})

    return [make, due_quarter]
