"""Dagster assets of the open-data product: one per catalogue, what their datasets offer, and the points they earn."""

from collections.abc import Iterator, Sequence

import dagster as dg

from assets import checks
from assets.ingest import always, build_feed_asset, feed_key
from assets.open_data import ckan, data_json
from assets.open_data import distribution as offered
from assets.open_data.dataset_score import reckon
from expectations import record
from expectations.distribution import SUITE
from warehouse.database import Warehouse
from warehouse.registry import Feed, FeedKind

DISTRIBUTION = dg.AssetKey(["open_data", "distribution"])


def build_open_data_assets(feeds: Sequence[Feed]) -> list[dg.AssetsDefinition]:
    built = []
    for feed in feeds:
        reader = ckan.READER if feed.kind is FeedKind.CKAN else data_json.READER
        built.append(build_feed_asset(feed, always(reader), reader.suite))

    @dg.asset(
        key=DISTRIBUTION,
        deps=[feed_key(feed) for feed in feeds],
        group_name="open_data",
        kinds={"duckdb", "great_expectations"},
        owners=["team:diskominfo"],
        description="Files and services that the newest version of every dataset offers, promoted with it and judged here, feed by feed. Grain: feed, "
        "dataset, distribution. Findings are the publisher's to mend: they are kept in quality.failed_row, count in quality.score, and stop nothing.",
        metadata={"dagster/table_name": SUITE.table_name},
        check_specs=[checks.delivered_spec(DISTRIBUTION, SUITE)],
        code_version=SUITE.version,
    )
    def distribution(warehouse: dg.ResourceParam[Warehouse]) -> Iterator[dg.MaterializeResult[None]]:
        with warehouse.open_for_writing() as connection:
            judged = [batch_id for feed in feeds if (batch_id := offered.judge(connection, feed)) is not None]
            stored = record.outcomes(connection, judged)
            row = connection.execute("select count(*) from open_data.distribution where list_contains($1, feed_id)", [[feed.id for feed in feeds]]).fetchone()
        assert row is not None
        yield dg.MaterializeResult(metadata={"dagster/row_count": int(row[0])}, check_results=[checks.delivered_result(DISTRIBUTION, SUITE, stored)])

    @dg.asset(
        key=["open_data", "dataset_score"],
        deps=[feed_key(feed) for feed in feeds],
        group_name="open_data",
        kinds={"duckdb"},
        owners=["team:diskominfo"],
        description="Findability points of every dataset's newest version (MQA-style), and open_data.dataset_indicator with the reason of each. "
        "Grain: feed, dataset, local day. Source: ref.measurement_rule.",
        metadata={"dagster/table_name": "open_data.dataset_score"},
        code_version="1",
    )
    def dataset_score(warehouse: dg.ResourceParam[Warehouse]) -> dg.MaterializeResult[None]:
        with warehouse.open_for_writing() as connection:
            datasets, findability = reckon(connection)
        return dg.MaterializeResult(metadata={"dagster/row_count": datasets} | ({} if findability is None else {"mean_findability": findability}))

    return [*built, distribution, dataset_score]
