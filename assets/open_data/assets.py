"""Dagster assets of the open-data product: one per catalogue, and the points their datasets earn."""

from collections.abc import Callable, Sequence

import dagster as dg

from assets.ingest import build_feed_asset, feed_key
from assets.open_data import ckan, data_json
from expectations.intake import Reader
from warehouse.database import Warehouse, transaction
from warehouse.files import sql_of
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind


def build_open_data_assets(feeds: Sequence[Feed]) -> list[dg.AssetsDefinition]:
    built = []
    for feed in feeds:
        reader = ckan.READER if feed.kind is FeedKind.CKAN else data_json.READER
        built.append(build_feed_asset(feed, _always(reader), reader.suite))

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
        script = sql_of("assets.open_data", "dataset_score.sql")
        with warehouse.open_for_writing() as connection:
            with transaction(connection):
                connection.execute(script)
            row = connection.execute(
                "select count(*), avg(findability) from newest_dataset inner join open_data.dataset_score using (feed_id, dataset_id, day)"
            ).fetchone()
        assert row is not None
        return dg.MaterializeResult(metadata={"dagster/row_count": int(row[0])} | ({"mean_findability": float(row[1])} if row[1] is not None else {}))

    return [*built, dataset_score]


def _always(reader: Reader) -> Callable[[Feed, Lake], Reader]:
    return lambda _feed, _lake: reader
