"""The jobs: ingest (all configured feeds), inbox (what people send, as it arrives), readiness (quarters), quality (quarters in which
only rows set aside are new), publish, and refresh: the feeds and all that follows, for one quarter."""

from collections.abc import Callable, Sequence
from datetime import datetime

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition as AssetJob

from pipelines import rebuild
from pipelines.settings import Settings
from warehouse.database import Warehouse

Jobs = dict[str, AssetJob]


class RebuildConfig(dg.Config):
    """`accept_loss`: go on although the archive lacks what the live warehouse was made of."""

    accept_loss: bool = False


def build_jobs(
    ingest: Sequence[dg.AssetKey], by_quarter: Sequence[dg.AssetKey], scores: dg.AssetKey, published: dg.AssetKey, inbox: Sequence[dg.AssetKey]
) -> Jobs:
    def job(name: str, keys: Sequence[dg.AssetKey], description: str) -> AssetJob:
        return dg.define_asset_job(name, selection=dg.AssetSelection.assets(*keys), description=description)

    made = [
        job("ingest", ingest, "Every configured feed, from its source into the core; the roll-up of touched days."),
        job("inbox", inbox, "What lies in the inbox folder; its senders are told."),
        job("readiness", [*by_quarter, published], "Quarters: service levels, data quality, indices; then the published file."),
        job("quality", [scores, published], "Quarters of which only rows that were set aside say something new: data quality; then the published file."),
        job("publish", [published], "Only the published file: mends a run that was killed before its swap."),
        job("refresh", [*ingest, *by_quarter, published], "Every configured feed and all that follows, for one quarter."),
    ]
    return {one.name: one for one in made}


def build_rebuild_job() -> dg.JobDefinition:
    @dg.op(name="rebuild_warehouse", description="A new warehouse out of the archive alone; the old file is replaced when the new one is whole.")
    def rebuild_warehouse(
        context: dg.OpExecutionContext,
        config: RebuildConfig,
        settings: dg.ResourceParam[Settings],
        clock: dg.ResourceParam[Callable[[], datetime]],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> None:
        rebuild.rebuild(settings, context.run.run_id, clock, context.log.info, config.accept_loss)

    @dg.job(name="rebuild", description="The warehouse anew, out of the archive alone.", executor_def=dg.in_process_executor)
    def rebuild_job() -> None:
        rebuild_warehouse()

    return rebuild_job
