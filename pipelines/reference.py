"""The asset every feed stands on: reference data and what the settings say of governments."""

import dagster as dg

from assets.ingest import REFERENCE
from pipelines.settings import Settings
from warehouse import reference
from warehouse.database import Warehouse


def build_reference_asset(settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=REFERENCE,
        group_name="reference",
        kinds={"duckdb"},
        owners=["team:diskominfo"],
        description="ref.*: regions, governments, agencies, instruments with weights and bands, measurement rules. "
        "Source: warehouse/reference/*.csv and the settings.",
        code_version="1",
    )
    def load(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        with warehouse.open_for_writing() as connection:
            counts = reference.load(connection, settings.governments)
        return dg.MaterializeResult(metadata={"dagster/row_count": sum(counts.values()), **counts})

    return load
