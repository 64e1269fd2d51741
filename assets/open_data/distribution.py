"""What a dataset offers: its distributions (files and services), as their catalogue describes them, and the judgement of those promoted."""

from dataclasses import dataclass, fields

import duckdb
import pyarrow as pa

from expectations import derived
from expectations.distribution import SUITE
from warehouse.registry import Feed


@dataclass(frozen=True)
class Distribution:
    """A file or service in DCAT terms, as stated. None: the catalogue does not say."""

    title: str | None = None
    description: str | None = None
    access_url: str | None = None
    download_url: str | None = None
    format: str | None = None
    media_type: str | None = None
    license: str | None = None
    rights: str | None = None
    byte_size: str | None = None
    issued: str | None = None
    modified: str | None = None
    checksum: str | None = None


ARROW = pa.struct([(field.name, pa.string()) for field in fields(Distribution)])


def judge(connection: duckdb.DuckDBPyConnection, feed: Feed) -> str | None:
    """Judge what the feed's datasets offer now. Returns the batch that the findings are kept under."""
    return derived.judge_delivered(connection, SUITE, feed)


def forget(connection: duckdb.DuckDBPyConnection, feed: Feed) -> None:
    """What was found of the feed's distributions no longer speaks of them. Call it in the transaction that changes them."""
    derived.forget_delivered(connection, SUITE, feed)
