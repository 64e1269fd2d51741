"""A standalone Spark cluster on this machine, of pyspark's own jars: a master and two workers of a core each, as a data centre runs them on three machines."""

import importlib.util
import json
import os
import shutil
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.monitor import free_port
from tests.waiting import wait_until

MISSING = [*(["pyspark"] if importlib.util.find_spec("pyspark") is None else []), *(["Java 17"] if shutil.which("java") is None else [])]
NEEDS_SPARK = pytest.mark.skipif(bool(MISSING) and os.environ.get("CI") != "true", reason=f"needs {' and '.join(MISSING)}: make spark; CI has them")
START_S = 90
WORKERS = ("one", "two")
BRIEF = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # these live for seconds: compiling well takes longer than it saves
DEFAULTS = f"""
spark.driver.extraJavaOptions {BRIEF}
spark.executor.extraJavaOptions {BRIEF}
spark.driver.memory 512m
spark.executor.memory 512m
spark.cores.max 2
spark.scheduler.minRegisteredResourcesRatio 1
spark.sql.shuffle.partitions 4
spark.eventLog.enabled true
spark.eventLog.dir file://{{events}}
spark.eventLog.compress false
spark.eventLog.rolling.enabled false
"""


@dataclass(frozen=True)
class Cluster:
    master: str
    folder: Path
    page: int
    ending: ExitStack
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_workers(self) -> None:
        for name in WORKERS:
            command = [*_spark_class("worker.Worker"), self.master, "--work-dir", str(self.folder / name)]
            command += ["--cores", "1", "--memory", "512m", "--webui-port", "0", "--host", "127.0.0.1"]
            self.workers.append(self.ending.enter_context(_daemon(command, self.folder / f"{name}.log")))
        wait_until("both of Spark's workers", lambda: (_state(self.page) or {}).get("aliveworkers") == len(WORKERS), START_S)

    def kill_workers(self) -> None:
        """All at once; their executors end by themselves."""
        while self.workers:
            self.workers.pop().kill()

    def records_read(self) -> list[Counter[str]]:
        """Of each session in turn, how many rows of Parquet files each worker has read."""
        return [self._records_read(log.name, map(json.loads, log.open(encoding="utf-8"))) for log in sorted((self.folder / "events").iterdir())]

    def _records_read(self, application: str, events: Iterator[dict[str, Any]]) -> Counter[str]:
        found: Counter[str] = Counter()
        for event in events:
            if event["Event"] == "SparkListenerTaskEnd":
                (worker,) = (name for name in WORKERS if (self.folder / name / application / event["Task Info"]["Executor ID"]).exists())
                found[worker] += event["Task Metrics"]["Input Metrics"]["Records Read"]
        return found


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """While it is there, sessions of this process are set up for it, by the means Spark gives an operator: a folder of settings."""
    import pyspark

    home = Path(pyspark.__file__).parent
    (events := folder / "events").mkdir()
    (conf := folder / "conf").mkdir()
    (conf / "spark-defaults.conf").write_text(DEFAULTS.format(events=events))
    more = {"SPARK_HOME": str(home), "SPARK_CONF_DIR": str(conf), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": BRIEF}
    port, page = free_port(), free_port()
    with ExitStack() as ending, pytest.MonkeyPatch.context() as patch:
        for name, value in more.items():
            patch.setenv(name, value)
        ending.callback(_end_gateway)
        command = [*_spark_class("master.Master"), "--port", str(port), "--webui-port", str(page), "--host", "127.0.0.1"]
        ending.enter_context(_daemon(command, folder / "master.log"))
        wait_until("Spark's master", lambda: _state(page), START_S)
        started = Cluster(f"spark://127.0.0.1:{port}", folder, page, ending)
        started.start_workers()
        yield started


def _spark_class(name: str) -> list[str]:
    return [str(Path(os.environ["SPARK_HOME"]) / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}"]


@contextmanager
def _daemon(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()  # a worker ends its executors
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=20)


def _state(page: int) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as reply:
            found: dict[str, Any] = json.load(reply)
    except OSError:
        return None
    return found


def _end_gateway() -> None:
    """pyspark keeps its JVM until this process ends; other tests of it have no use for that."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    if gateway is not None:
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(timeout=20)
        SparkContext._gateway = SparkContext._jvm = None
