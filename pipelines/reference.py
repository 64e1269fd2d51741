"""The asset every feed stands on: reference data and what the settings say of governments."""

from collections.abc import Callable, Iterator
from datetime import datetime

import dagster as dg
import duckdb

from assets import checks
from assets.ingest import REFERENCE
from expectations import catalogue, derived, record
from pipelines.settings import Settings
from warehouse import reference
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.files import identifier


def build_reference_asset(settings: Settings) -> dg.AssetsDefinition:
    @dg.asset(
        key=REFERENCE,
        group_name="reference",
        kinds={"duckdb"},
        owners=["team:diskominfo"],
        description="ref.*: regions, governments, agencies, instruments with weights and bands, measurement rules; quality.rule: the catalogue of rules. "
        "Source: warehouse/reference/*.csv, expectations/ and the settings.",
        code_version="1",
        check_specs=[checks.invariants_spec(REFERENCE, derived.INSTRUMENT)],
    )
    def load(
        warehouse: dg.ResourceParam[Warehouse],
        archive: dg.ResourceParam[Archive],
        clock: dg.ResourceParam[Callable[[], datetime]],
    ) -> Iterator[dg.MaterializeResult[None]]:
        with warehouse.open_for_writing() as connection:
            counts = reference.load(connection, settings.governments)
            counts["rule"] = catalogue.load(connection, archive, clock)
            stored = judged_instruments(connection)
        yield dg.MaterializeResult(
            metadata={"dagster/row_count": sum(counts.values()), **counts},
            check_results=[checks.invariants_result(REFERENCE, derived.INSTRUMENT, stored)],
        )

    return load


def judged_instruments(connection: duckdb.DuckDBPyConnection) -> dict[str, record.Outcome]:
    """The invariants of instruments, weights and bands: judged when they change, kept under their fingerprint and the time the newest of them became
    public, so that a rebuild says the same."""
    batch_id = identifier("ref.instrument", reference.fingerprint(), derived.INSTRUMENT.version)
    if not record.outcomes(connection, [batch_id]):
        newest = connection.execute("select max(known_at) from ref.component").fetchone()
        assert newest is not None
        derived.judge(connection, derived.INSTRUMENT, {}, derived.Judged(batch_id, "reference", newest[0]))
    return record.outcomes(connection, [batch_id])
