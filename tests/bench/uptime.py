"""The roll-up of checks to service-days and incidents, on generated lakes: a whole year at once beside a bare DuckDB aggregate over the same Parquet, and
one new day with a long history beside the same day with none. `python -m tests.bench.uptime` prints JSON lines and then a table; it measures and never
fails.

Runs of equal checks are found when a day's file is written; what the year takes if they are sought anew in all files, as after an update, is shown beside.

Every case runs in a process of its own, so that the peak of memory is that case's. `--case` is such a process."""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from assets.uptime import roll_up
from tests.bench import measure
from tests.bench.data import HERE
from warehouse import database, reference
from warehouse.database import Warehouse
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind, Government

GOVERNMENT = Government("99", "Pemerintah contoh (data buatan)", "Etc/UTC")
FEED = Feed("generated", FeedKind.CHECK_LOG, GOVERNMENT, path=Path("none"), hosts=(".go.id",), max_hold_s=150, objective=0.99)
LAST_DAY = date(2026, 12, 31)
MINUTES_A_DAY = 1440
RATIO_BOUND, MIB_BOUND, NEW_DAY_BOUND = 1.2, 2048, 1.2
RUNS = 3
NEW_DAY_RUNS = 15  # of a quarter of a second each
BARE = """
    select
        service, day, count(*) as checks, count(*) filter (where status = 'down') as failed_checks,
        quantile_cont(latency_ms, [0.5, 0.95, 0.99]) filter (where status = 'up') as latency_ms
    from read_parquet($files, hive_partitioning = true)
    group by all
"""


@dataclass(frozen=True)
class Case:
    kind: str  # year: all at once; new day: the last day alone, after the others
    services: int
    days: int

    @property
    def checks(self) -> int:
        return self.services * self.days * MINUTES_A_DAY

    @property
    def name(self) -> str:
        return f"{self.kind}: {self.services} services, {self.days} days, {self.checks:,} checks"


def cases(most_checks: int) -> list[Case]:
    year = max(most_checks // (500 * MINUTES_A_DAY), 1)
    return [Case("year", 500, min(year, 365)), Case("new day", 50, 365)]


def _fill(connection: duckdb.DuckDBPyConnection, lake: Lake, case: Case) -> None:
    reference.load(connection, (GOVERNMENT,))
    generated = (HERE / "generated_probe.sql").read_text(encoding="utf-8")
    for before in range(case.days - 1, -1, -1):
        day = LAST_DAY - timedelta(days=before)
        rows = connection.sql(generated, params={"day": day, "services": case.services})
        lake.list_in_manifest(connection, lake.write(FEED, day, rows))


def run_year(case: Case) -> dict[str, Any]:
    """Everything is rolled up anew, since nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse, lake = Warehouse(Path(folder) / "warehouse.duckdb"), Lake(Path(folder) / "lake")
        with warehouse.open_for_writing() as connection:
            _fill(connection, lake, case)
        with warehouse.open_for_writing() as connection:
            made_mib = measure.peak_mib()
            done: list[roll_up.RollUp] = []
            rolled, anew = [], []
            for taken, forgotten in ((rolled, ("uptime.rolled_up",)), (anew, ("uptime.rolled_up", "meta.lake_run"))):
                for _ in range(RUNS):
                    for table in forgotten:
                        connection.execute(f"delete from {table}")
                    taken.append(measure.seconds(lambda: done.append(roll_up.roll_up(connection, lake, FEED))))
            peak_mib = measure.peak_mib()
            files = lake.files(connection, FEED.id)
        with database.scratch() as connection:
            bare = [measure.seconds(lambda: connection.execute(BARE, {"files": files}).fetchall()) for _ in range(RUNS)]
    right = all(one.service_days == case.services * case.days for one in done)
    runs_anew = measure.summary(anew, bare)
    return {
        **measure.summary(rolled, bare),
        "runs_anew_s": runs_anew["median_s"],
        "runs_anew_ratio": runs_anew["ratio"],
        "generated_mib": round(made_mib),
        "peak_mib": round(peak_mib),
        "right": right,
    }


def run_new_day(case: Case) -> dict[str, Any]:
    """The last day comes in when all before it is rolled up; beside a lake that has nothing but the last two days."""
    with tempfile.TemporaryDirectory() as folder:
        timed = {days: _new_day(Path(folder) / str(days), Case(case.kind, case.services, days)) for days in (case.days, 2)}
    with_history, without = timed[case.days], timed[2]
    return {**measure.summary(with_history, without), "generated_mib": 0, "peak_mib": round(measure.peak_mib()), "right": True}


def _new_day(folder: Path, case: Case) -> list[float]:
    warehouse, lake = Warehouse(folder / "warehouse.duckdb"), Lake(folder / "lake")
    taken = []
    with warehouse.open_for_writing() as connection:
        _fill(connection, lake, case)
        roll_up.roll_up(connection, lake, FEED)
        for _ in range(NEW_DAY_RUNS):
            connection.execute("delete from uptime.read_file where day = $1", [LAST_DAY])  # as if its file had changed
            taken.append(measure.seconds(lambda: roll_up.roll_up(connection, lake, FEED)))
    return taken


def table(measured: list[tuple[Case, dict[str, Any]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="Roll-up of checks; generated data")
    for heading in ("case", "s", "beside", "x (best runs)", "peak MiB", "rows", "bounds"):
        shown.add_column(heading, justify="left" if heading in ("case", "bounds") else "right")
    for case, line in measured:
        bound = RATIO_BOUND if case.kind == "year" else NEW_DAY_BOUND
        bounds = [f"x {line['ratio']:.2f} <= {bound}: {'ok' if line['ratio'] <= bound else 'OVER'}"]
        if case.kind == "year":
            bounds.append(f"peak MiB {line['peak_mib']} <= {MIB_BOUND}: {'ok' if line['peak_mib'] <= MIB_BOUND else 'OVER'}")
        shown.add_row(
            case.name,
            f"{line['median_s']:.2f}",
            f"{line['hand_written_s']:.2f}",
            f"{line['ratio']:.2f} ({line['ratio_of_best']:.2f})",
            str(line["peak_mib"]),
            "right" if line["right"] else "WRONG",
            "\n".join(bounds),
        )
        if case.kind == "year":
            shown.add_row("  runs of checks sought anew", f"{line['runs_anew_s']:.2f}", "", f"{line['runs_anew_ratio']:.2f}", "", "", "none")
    Console(width=None if sys.stdout.isatty() else 160).print(shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most-checks", type=int, default=100_000_000, help="size of the year (default: %(default)s)")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    wanted = cases(arguments.most_checks)
    if arguments.case is not None:
        case = wanted[arguments.case]
        run = run_year if case.kind == "year" else run_new_day
        measure.emit({"bench": "uptime", "case": case.name} | run(case))
        return 0
    measured = []
    for number, case in enumerate(wanted):
        if line := measure.in_own_process("uptime", case.name, "--most-checks", str(arguments.most_checks), "--case", str(number)):
            measured.append((case, line))
    table(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
