"""Where roll_up.sql runs, the one pass over all checks: in DuckDB itself, or on a Spark cluster that reads the same lake. What it finds is small, and
comes back to DuckDB, which reckons all the rest. No engine has SQL of its own: that is what keeps their results equal."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

import duckdb

from warehouse.database import run_script
from warehouse.files import sql_of
from warehouse.lake import Lake

VIEWS = ("latency_seen", "run_seen")


class See(Protocol):
    def __call__(self, files: Sequence[str]) -> None:
        """What roll_up.sql finds in these files of the lake, and with the table `segment` as it is now, can be read in DuckDB under the names of `VIEWS`."""


class Engine(Protocol):
    def open(self, connection: duckdb.DuckDBPyConnection, lake: Lake) -> AbstractContextManager[See]: ...


@dataclass(frozen=True)
class DuckDB:
    @contextmanager
    def open(self, connection: duckdb.DuckDBPyConnection, lake: Lake) -> Iterator[See]:
        def see(files: Sequence[str]) -> None:
            checks = lake.read(connection, files)
            connection.register("lake_check", checks.project("service, vantage, status, latency_ms, day, epoch_us(checked_at) as checked_us"))
            run_script(connection, sql_of("assets.uptime", "roll_up.sql"), {})

        yield see


IN_DUCKDB = DuckDB()
