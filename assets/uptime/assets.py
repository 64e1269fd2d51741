"""Dagster assets of the uptime product: one per feed, service-days with incidents, and service-quarters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

import dagster as dg

from assets import checks
from assets.ingest import build_feed_asset, feed_key
from assets.uptime import check_log, lake_day, month_chart, prometheus, retention, roll_up, uptime_kuma
from assets.uptime.engine import Engine
from assets.uptime.service_quarter import reckon
from expectations import check, derived, record
from warehouse import period as quarter
from warehouse.database import Warehouse
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind

SERVICE_DAY = dg.AssetKey(["uptime", "service_day"])
INCIDENT = dg.AssetKey(["uptime", "incident"])
SERVICE_QUARTER = dg.AssetKey(["uptime", "service_quarter"])
MOST_CHARTS = 5  # Dagster keeps some 35 kB of each for good, with every materialization


def build_uptime_assets(feeds: Sequence[Feed], quarters: dg.TimeWindowPartitionsDefinition) -> list[dg.AssetsDefinition]:
    build = partial(build_feed_asset, mend=lake_day.mend, settle=lake_day.settle)
    built = []
    for feed in feeds:
        suite = check.suite_of(feed)
        match feed.kind:
            case FeedKind.PROMETHEUS:
                asset = build(feed, prometheus.reader, suite, prometheus.arrive_from)
            case FeedKind.UPTIME_KUMA:
                asset = build(feed, uptime_kuma.reader, suite, uptime_kuma.arrive_from)
            case _:
                asset = build(feed, check_log.reader, suite)
        built.append(asset)

    @dg.multi_asset(
        specs=[
            dg.AssetSpec(
                SERVICE_DAY,
                deps=[feed_key(feed) for feed in feeds],
                description="Seconds up, down, unknown, in maintenance and off hours, checks and latency. Grain: feed, service, local day. Source: the probe "
                "lake; only touched days are reckoned again. A check holds until the service's next one, at most the feed's max_hold.",
                metadata={"dagster/table_name": "uptime.service_day"},
                group_name="uptime",
                kinds={"duckdb"},
                owners=["team:diskominfo"],
                code_version=roll_up.METHOD,
            ),
            dg.AssetSpec(
                INCIDENT,
                deps=[feed_key(feed) for feed in feeds],
                description="Outages that the feed's incident_after consecutive checks have seen; uptime.outage has the shorter ones too. "
                "Grain: feed, service, start.",
                metadata={"dagster/table_name": "uptime.incident"},
                group_name="uptime",
                kinds={"duckdb"},
                owners=["team:diskominfo"],
                code_version=roll_up.METHOD,
            ),
        ],
        check_specs=[checks.invariants_spec(SERVICE_DAY, derived.SERVICE_DAY)],
    )
    def service_day(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        lake: dg.ResourceParam[Lake],
        engine: dg.ResourceParam[Engine],
        clock: dg.ResourceParam[Callable[[], datetime]],
    ) -> Iterator[dg.MaterializeResult[None]]:
        with warehouse.open_for_writing() as connection:
            done = []
            for feed in feeds:
                done.append(roll_up.roll_up(connection, lake, feed, engine, context.log.info, clock))
                roll_up.judge(connection, feed, done[-1])
                for file, rows in retention.let_go(connection, feed):
                    context.log.info(f"{feed.id}: keep_checks: lake: {file} with {rows} checks is let go of")
            stored = record.outcomes(connection, [roll_up.judged_id(feed) for feed in feeds])
            lake.remove_unlisted(connection)
            newest = {feed.id: month_chart.newest_days(connection, feed.id) for feed in feeds[:MOST_CHARTS]}
        for one in done:
            since = "unchanged" if one.from_day is None else f"reckoned again from {one.from_day}"
            context.log.info(f"{one.feed_id}: {since}: {one.service_days} service-days, {one.incidents} incidents")
        yield dg.MaterializeResult(
            asset_key=SERVICE_DAY,
            metadata={"dagster/row_count": sum(one.service_days for one in done), **_charts(newest)},
            check_results=[checks.invariants_result(SERVICE_DAY, derived.SERVICE_DAY, stored)],
        )
        yield dg.MaterializeResult(asset_key=INCIDENT, metadata={"dagster/row_count": sum(one.incidents for one in done)})

    @dg.asset(
        key=SERVICE_QUARTER,
        deps=[SERVICE_DAY, INCIDENT],
        partitions_def=quarters,
        backfill_policy=dg.BackfillPolicy.single_run(),
        description="Availability, coverage, error budget and verdict. Grain: quarter, feed, service. Source: sums of uptime.service_day.",
        metadata={"dagster/table_name": "uptime.service_quarter"},
        group_name="uptime",
        kinds={"duckdb"},
        owners=["team:diskominfo"],
        code_version=roll_up.METHOD,
    )
    def service_quarter(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse], clock: dg.ResourceParam[Callable[[], datetime]]
    ) -> dg.MaterializeResult[None]:
        with warehouse.open_for_writing() as connection:
            rows = sum(reckon(connection, quarter.of_first_day(key), clock()) for key in context.partition_keys)
        return dg.MaterializeResult(metadata={"dagster/partition_row_count": rows})

    return [*built, service_day, service_quarter]


def _charts(newest: Mapping[str, Sequence[month_chart.Day]]) -> dict[str, dg.MarkdownMetadataValue]:
    return {f"month_of_{feed_id}": dg.MetadataValue.md(month_chart.markdown(feed_id, days)) for feed_id, days in newest.items() if days}
