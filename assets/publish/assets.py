"""Dagster assets of publication."""

from collections.abc import Callable
from datetime import datetime

import dagster as dg

from assets.publish import publication
from warehouse.database import Warehouse
from warehouse.home import Home

PUBLISHED = dg.AssetKey(["publish", "kesiapan"])


def build_publish_assets(upstream: list[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    @dg.asset(
        key=PUBLISHED,
        deps=upstream,
        group_name="publish",
        kinds={"duckdb"},
        owners=["team:diskominfo"],
        description="published/kesiapan.duckdb: the read-only copy that analysts open. Swapped in atomically; readers keep the file they have open.",
        code_version="1",
    )
    def kesiapan(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        home: dg.ResourceParam[Home],
        clock: dg.ResourceParam[Callable[[], datetime]],
    ) -> dg.MaterializeResult[None]:
        with warehouse.open_for_writing() as connection:
            published = publication.publish(connection, home.published, clock)
        context.log.info(f"published file: {'swapped in' if published else 'unchanged'}")
        return dg.MaterializeResult(metadata={"dagster/uri": home.published.as_uri(), "swapped_in": published, "bytes": home.published.stat().st_size})

    return [kesiapan]
