"""roll_up.sql on a standalone Spark cluster. The workers read the lake at the path it has here; nothing is written where they are. This is the only module
that knows pyspark, which is an extra: it is imported where it is used."""

import os
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from shutil import which
from threading import Event, Thread
from typing import Any

import duckdb

from assets.uptime.engine import VIEWS, See
from warehouse.files import sql_of
from warehouse.lake import ADDED_COLUMNS, Lake

CONNECT_S = 10  # Spark itself tries an address where nobody answers for a minute
WORKER_S = 60  # Spark itself waits for a worker for ever
LOOK_S = 1  # between two looks at whether there is one
MEND_WORKERS = "start one, or see whether all are busy"
OPTIONS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",  # it would listen on every address of this machine
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
# Said rather than found out: no file is opened for it, and files from before a column was added lack it.
FILE_SCHEMA = "service string, vantage string, status string, latency_ms double, checked_at timestamp, day date"
LAKE_CHECK = (
    "service",
    f"coalesce(vantage, {ADDED_COLUMNS['vantage']}) as vantage",
    "status",
    "latency_ms",
    "day",
    "unix_micros(checked_at) as checked_us",
)


class SparkUnavailable(RuntimeError):
    """The roll-up is set to run on Spark, and that is not to be had."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(f"roll-up on Spark: {found}; {mend}. Nothing is lost: the next run takes up what this one left.")
        self.found, self.mend = found, mend


@dataclass(frozen=True)
class Spark:
    """`master`: spark://host:port, several with commas between them."""

    master: str

    @contextmanager
    def open(self, connection: duckdb.DuckDBPyConnection, lake: Lake) -> Iterator[See]:
        session = self._start()

        def see(files: Sequence[str]) -> None:
            paths = [f"file://{_as_itself(str(lake.root / file))}" for file in files]  # without a scheme it is sought in Spark's default file system
            checks = session.read.schema(FILE_SCHEMA).option("basePath", f"file://{lake.root}").parquet(*paths)
            checks.selectExpr(*LAKE_CHECK).createOrReplaceTempView("lake_check")
            session.createDataFrame(connection.table("segment").to_arrow_table()).createOrReplaceTempView("segment")
            for statement in connection.extract_statements(sql_of("assets.uptime", "roll_up.sql")):
                session.sql(statement.query)
            for view in VIEWS:
                with self._bounded(session):
                    found = session.table(view).toArrow()
                connection.register(view, found)

        try:
            yield see
        finally:
            session.stop()
            for view in VIEWS:
                connection.unregister(view)

    def examine(self) -> None:
        """Raises `SparkUnavailable` if no session can be had, as far as that shows without starting one."""
        if find_spec("pyspark") is None:
            raise SparkUnavailable("pyspark is not installed", "run `make spark`, or pip install 'kesiapan[spark]'")
        if which("java") is None and not os.environ.get("JAVA_HOME"):
            raise SparkUnavailable("there is no Java", "install Java 17, such as Debian's openjdk-17-jre-headless, or set JAVA_HOME")
        said = [self._unreachable(address) for address in self.master.removeprefix("spark://").split(",")]
        if all(said):
            raise SparkUnavailable(f"no master answers at {self.master} ({said[0]})", "start it, or correct roll_up.master")

    def _unreachable(self, address: str) -> str:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=CONNECT_S).close()
        except OSError as error:
            return error.strerror or str(error)
        return ""

    def _start(self) -> Any:
        self.examine()
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(self.master).appName("kesiapan roll-up")
        try:
            session = builder.config(map=OPTIONS).getOrCreate()
        except (Py4JError, PySparkException) as error:
            raise SparkUnavailable(f"no session at {self.master} ({str(error).splitlines()[0]})", "it needs Java 17 and a master of Spark 4.0") from error
        deadline = time.monotonic() + WORKER_S
        while not _has_worker(session):
            if time.monotonic() >= deadline:
                session.stop()
                raise SparkUnavailable(f"no worker of {self.master} took the work within {WORKER_S} s", MEND_WORKERS)
            time.sleep(0.1)
        return session

    @contextmanager
    def _bounded(self, session: Any) -> Iterator[None]:
        """Work that is given up, as `SparkUnavailable`, once there has been no worker for it for `WORKER_S`."""
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        over, given_up = Event(), Event()

        def watch() -> None:
            worked_at = time.monotonic()
            while not over.wait(LOOK_S):
                if _has_worker(session):
                    worked_at = time.monotonic()
                elif time.monotonic() - worked_at >= WORKER_S:
                    given_up.set()
                    session.sparkContext.cancelAllJobs()  # again and again: what is planned only now has no job yet

        watching = Thread(target=watch, daemon=True)
        watching.start()
        try:
            yield
        except (Py4JError, PySparkException) as error:
            if given_up.is_set():
                raise SparkUnavailable(f"all workers of {self.master} were lost, and none came back within {WORKER_S} s", MEND_WORKERS) from error
            raise
        finally:
            over.set()
            watching.join()


def _has_worker(session: Any) -> bool:
    return bool(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size() > 1)  # one of them is this process


def _as_itself(path: str) -> str:
    """Spark takes what it is to read for a pattern."""
    return re.sub(r"([\\{}\[\]*?])", r"\\\1", path)
