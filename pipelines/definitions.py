"""Puts the definitions together. Everything Dagster loads comes out of `build_definitions`; tests call it with their own settings and clock."""

import warnings
from collections.abc import Callable, Mapping
from datetime import datetime

import dagster as dg

from assets.ingest import REFERENCE
from assets.open_data.assets import build_open_data_assets
from assets.publish.assets import PUBLISHED, build_publish_assets
from assets.quality.assets import SCORE, build_quality_assets
from assets.readiness.assets import COMPONENT_SCORE, DUE_QUARTER, INDEX_SCORE, build_readiness_assets
from assets.submissions.assets import build_submission_assets
from assets.uptime.assets import SERVICE_QUARTER, build_uptime_assets
from expectations import catalogue, check
from pipelines import resources, settings
from pipelines.jobs import build_jobs, build_rebuild_job
from pipelines.partitions import QUARTERS
from pipelines.reference import build_reference_asset
from pipelines.schedules import build_schedules
from pipelines.sensors import build_sensors
from warehouse.registry import Product


def build_definitions(
    loaded: settings.Settings | None = None,
    clock: Callable[[], datetime] = resources.now,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    warnings.filterwarnings("ignore", category=dg.BetaWarning)  # BackfillPolicy, which has been beta for years
    loaded = settings.load() if loaded is None else loaded
    for suite in (*catalogue.suites(), *(check.suite_of(feed) for feed in loaded.of(Product.UPTIME))):
        catalogue.validate(suite)
    by_quarter = {SERVICE_QUARTER, SCORE, COMPONENT_SCORE, INDEX_SCORE}
    ingested = [
        build_reference_asset(loaded),
        *build_submission_assets(loaded.of(Product.SUBMISSIONS)),
        *build_uptime_assets(loaded.of(Product.UPTIME), QUARTERS),
        *build_open_data_assets(loaded.of(Product.OPEN_DATA)),
    ]
    feeds = sorted({key for asset in ingested for key in asset.keys} - by_quarter - {REFERENCE})
    assets = [
        *ingested,
        *build_quality_assets(feeds, QUARTERS),
        *build_readiness_assets(feeds, [SERVICE_QUARTER, SCORE], QUARTERS),
        *build_publish_assets(sorted(by_quarter)),
    ]
    inbox = dg.AssetKey(["submissions", settings.INBOX])
    jobs = build_jobs(
        ingest=[REFERENCE, *(key for key in feeds if key != inbox), DUE_QUARTER],
        by_quarter=sorted(by_quarter),
        scores=SCORE,
        published=PUBLISHED,
        inbox=[REFERENCE, inbox, DUE_QUARTER],
    )
    return dg.Definitions(
        assets=assets,
        jobs=[*jobs.values(), build_rebuild_job()],
        schedules=build_schedules(jobs, QUARTERS),
        sensors=build_sensors(jobs, loaded.home, clock),
        resources=resources.build_resources(loaded, clock),
        executor=dg.in_process_executor,  # a process per step would import everything again: 94 s for 6 s of work
        loggers=loggers,
    )


defs = build_definitions()
