"""How a library's reckoning is measured, in its own environment: from the Parquet files of a lake to service-days and outages in memory, some times over;
what came out last is written for the comparison, untimed. Standard library only."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench import measure

RUNS = 3
DAY_S = 86_400
LATENCIES = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}
SERVICE_DAY = ("service", "day", "up_s", "down_s", "unknown_s", "checks", "failed_checks", *LATENCIES)
OUTAGE = ("service", "started_at", "ended_at", "duration_s", "failed_checks")


@dataclass(frozen=True)
class Contestant:
    """`reckon` gets the lake's files, in the order of their days, and how long a check holds at most (less than a day); it gives frames with the columns
    of `SERVICE_DAY` and `OUTAGE`. `write` puts a frame into a Parquet file."""

    package: str
    reckon: Callable[[list[str], timedelta], tuple[Any, Any]]
    write: Callable[[Any, Path], object]


def files_of(home: Path) -> list[str]:
    return sorted(map(str, (home / "lake").rglob("*.parquet")))


def main(contestant: Contestant) -> None:
    """A JSON line on standard output; the result in files named after the package."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--max-hold-s", type=int, required=True)
    arguments = parser.parse_args()
    files, max_hold = files_of(arguments.home), timedelta(seconds=arguments.max_hold_s)
    taken: list[float] = []
    for _ in range(RUNS):
        found: list[tuple[Any, Any]] = []
        taken.append(measure.seconds(lambda: found.append(contestant.reckon(files, max_hold))))  # noqa: B023
        service_day, outage = found.pop()
    peak_mib = measure.peak_mib()
    contestant.write(service_day, arguments.home / f"{contestant.package}_service_day.parquet")
    contestant.write(outage, arguments.home / f"{contestant.package}_outage.parquet")
    emit(contestant.package, version(contestant.package), taken, peak_mib)


def emit(engine: str, its_version: str, taken: list[float], peak_mib: float, **more: float) -> None:
    measure.emit(
        {
            "bench": "roll-up peer",
            "engine": engine,
            "version": its_version,
            "best_s": round(min(taken), 3),
            "runs_s": [round(one, 3) for one in taken],
            "peak_mib": round(peak_mib),
            **more,
        }
    )
