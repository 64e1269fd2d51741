"""What every kind of catalogue is read into: one record per dataset. How it is staged and
promoted to `open_data.dataset`, and what it offers to `open_data.distribution`."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa

from assets.open_data import distribution
from assets.open_data.distribution import Distribution
from expectations.dataset import SUITE
from expectations.drift import with_source_columns
from expectations.intake import Batch, Counts, Reader, Unreadable, counts_of_compared
from warehouse import period as quarter
from warehouse.archive import Artifact
from warehouse.database import run_on_incoming, run_script
from warehouse.files import sql_of
from warehouse.registry import Feed


@dataclass(frozen=True)
class Record:
    """A dataset as its catalogue describes it (DCAT terms). None: the catalogue does not say."""

    dataset_id: str | None
    title: str | None
    description: str | None
    publisher: str | None
    keywords: list[str]
    themes: list[str]
    spatial: str | None
    temporal: str | None
    license: str | None
    contact: str | None
    landing_page: str | None
    issued: str | None
    modified: str | None
    distribution: list[Distribution]


_LISTS = {"keywords": pa.list_(pa.string()), "themes": pa.list_(pa.string()), "distribution": pa.list_(distribution.ARROW)}
_SCHEMA = pa.schema([pa.field(field.name, _LISTS.get(field.name, pa.string())) for field in fields(Record)])


def reader(parser_version: str, datasets: Callable[[Any], list[dict[str, Any]]], record: Callable[[dict[str, Any]], Record]) -> Reader:
    """A reader for replies in JSON: `datasets` finds the datasets in a reply, `record` reads one of them."""

    def parse(data: bytes, artifact: Artifact) -> pa.Table:
        found = datasets(load_json(data))
        table = pa.Table.from_pylist([asdict(record(dataset)) for dataset in found], schema=_SCHEMA)
        table = table.append_column("source_row", pa.array(range(1, len(found) + 1), pa.int64()))
        return with_source_columns(table, sorted({key for dataset in found for key in dataset}))

    return Reader(parser_version, SUITE, parse, stage, partial(promote, parser_version))


def load_json(data: bytes) -> Any:
    """JSON, or a reason a portal's keeper can act on: a log-in or firewall page that comes with status 200 is the commonest."""
    if data.lstrip()[:1] == b"<":
        raise Unreadable("the reply is a web page, not JSON: a log-in or firewall page? Accepted: the catalogue's JSON")
    try:
        return json.loads(data)
    except ValueError as error:
        raise Unreadable(f"the reply is not JSON: {error}; accepted: the catalogue's JSON, whole") from error


def text(value: object) -> str | None:
    """Trimmed text, or None for what is missing or empty."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).strip() or None


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list, or the one that stands where a list should. What is none is an empty one, so that it is counted and missed."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [item if isinstance(item, dict) else {} for item in items]


def stage(connection: duckdb.DuckDBPyConnection, parsed: pa.Table, feed: Feed, artifact: Artifact) -> None:
    run_on_incoming(connection, parsed, sql_of("assets.open_data", "stage_dataset.sql"), {})


def promote(parser_version: str, connection: duckdb.DuckDBPyConnection, batch: Batch) -> Counts:
    """A new version of a record becomes a new row, and what it offers takes the place of what it offered; a record seen unchanged only moves its
    `last_seen`."""
    parameters = {
        "feed_id": batch.feed.id,
        "government_code": batch.feed.government.code,
        "received_at": batch.artifact.received_at,
        "batch_id": batch.batch_id,
        "artifact_sha256": batch.artifact.sha256,
        "parser_version": parser_version,
        "suite_version": SUITE.version,
    }
    run_script(connection, sql_of("assets.open_data", "forget_dataset.sql"), parameters)
    connection.execute(sql_of("assets.open_data", "compare_dataset.sql"), {"feed_id": batch.feed.id})
    run_script(connection, sql_of("assets.open_data", "promote_dataset.sql"), parameters)
    distribution.forget(connection, batch.feed)
    seen_on = batch.artifact.received_at.astimezone(ZoneInfo(batch.feed.government.timezone)).date()
    return counts_of_compared(connection, (quarter.of_day(seen_on),))
