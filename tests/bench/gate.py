"""The gate beside the same twelve rules written by hand, on generated batches: how many times as long, how much memory, what it costs when
there is next to nothing to judge. `python -m tests.bench.gate` prints JSON lines and then a table; it measures and never fails.

Every case runs in a process of its own, so that the peak of memory is that case's. `--case` and `--workbook` are such processes."""

import argparse
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tests.bench import data, measure
from tests.bench.data import Size
from warehouse.database import SETTINGS

DEFAULT_FOLDER = Path("build/bench")
MIB_BOUND = 1024
FIXED_COST_BOUND_S = 0.3
WORKBOOK_BOUND_S = 0.01  # 2,000 workbooks, one after the other, in 20 s
WORKBOOK_RUNS = 100


@dataclass(frozen=True)
class Case:
    """A batch and what must hold of judging it; None where nothing is promised."""

    size: Size
    table: str  # temp: as the pipeline stages a batch; file: a table of the DuckDB file, which peers read too
    ratio_bound: float | None = None
    mib_bound: int | None = None
    first_bound_s: float | None = None
    memory_limit: str = ""

    @property
    def name(self) -> str:
        limited = f", memory_limit {self.memory_limit}" if self.memory_limit else ""
        return f"{self.size.rows:,} rows, {'faults planted' if self.size.faults else 'clean'}, {self.table} table{limited}"


CASES = (
    Case(Size(100, False), "temp", first_bound_s=FIXED_COST_BOUND_S),
    Case(Size(720_000, False), "temp", ratio_bound=1.5, mib_bound=MIB_BOUND),
    Case(Size(720_000, False), "file", ratio_bound=1.5, mib_bound=MIB_BOUND),
    Case(Size(720_000, True), "temp", mib_bound=MIB_BOUND),
    Case(Size(10_000_000, False), "file", ratio_bound=1.15, mib_bound=MIB_BOUND),
    Case(Size(10_000_000, True), "file", mib_bound=MIB_BOUND),
    Case(Size(10_000_000, False), "temp"),
    Case(Size(10_000_000, False), "file", mib_bound=MIB_BOUND, memory_limit="500MiB"),
    Case(Size(10_000_000, True), "file", mib_bound=MIB_BOUND, memory_limit="500MiB"),
)


def run_case(case: Case, path: Path) -> dict[str, Any]:
    """Judge and count by hand in turn, on one connection and one table."""
    from expectations import gate
    from tests.bench.suite import twelve_rules

    imported_s = measure.seconds(lambda: __import__("great_expectations"))
    suite = twelve_rules()
    connection = duckdb.connect(str(path), read_only=case.table == "file", config=SETTINGS)  # a missing file is not made empty; TEMP tables are elsewhere
    if case.memory_limit:
        connection.execute("set memory_limit = $limit", {"limit": case.memory_limit})
    connection.execute("set timezone = 'UTC'")
    staged_s = 0.0
    if case.table == "temp":
        staged_s = measure.seconds(lambda: data.stage(connection, case.size, temporary=True))
    staged_mib = measure.peak_mib()

    first_s = measure.seconds(lambda: gate.judge(connection, suite))  # the warm-up
    peak_mib = measure.peak_mib()
    data.hand_written(connection)
    engine, hand = measure.alternating(lambda: gate.judge(connection, suite), lambda: data.hand_written(connection))

    results = {result.rule.rule_id.removeprefix("check."): result for result in gate.judge(connection, suite)}
    kept = dict(connection.execute("select rule_id, count(*) from failed group by rule_id").fetchall())
    expected = {rule: 1 if rule == "has_rows" and case.size.rows == 0 else count for rule, count in case.size.expected().items()}
    right = (
        {rule: result.unexpected_count for rule, result in results.items()} == expected
        and {rule_id.removeprefix("check."): rows for rule_id, rows in kept.items()} == {rule: rows for rule, rows in expected.items() if rows}
        and data.hand_written(connection) == expected
    )
    connection.close()
    return {
        "bench": "gate",
        "rows": case.size.rows,
        "faults": case.size.faults,
        "table": case.table,
        "memory_limit": case.memory_limit or None,
        **measure.summary(engine, hand),
        "first_s": round(first_s, 4),
        "import_s": round(imported_s, 3),
        "stage_s": round(staged_s, 3),
        "staged_mib": round(staged_mib),
        "peak_mib": round(peak_mib),
        "peak_with_hand_written_mib": round(measure.peak_mib()),
        "failed_rows_kept": sum(kept.values()),
        "counts_right": right,
    }


def run_workbook() -> dict[str, Any]:
    """What judging a small file costs, once the process is warm."""
    from expectations import gate
    from tests.bench.suite import stage_workbook

    connection = duckdb.connect(config=SETTINGS)
    connection.execute("set timezone = 'UTC'")
    suite = stage_workbook(connection)
    first_s = measure.seconds(lambda: gate.judge(connection, suite))  # Great Expectations is imported and set up here
    taken = [measure.seconds(lambda: gate.judge(connection, suite)) for _ in range(WORKBOOK_RUNS)]
    sound = all(result.status in ("pass", "not_evaluated") for result in gate.judge(connection, suite))
    connection.close()
    return {
        "bench": "gate",
        "case": "a workbook of 47 rows",
        "rules": len(suite.rules),
        "median_s": round(statistics.median(taken), 4),
        "spread_s": [round(min(taken), 4), round(max(taken), 4)],
        "first_s": round(first_s, 3),
        "counts_right": sound,
    }


def judged(case: Case, line: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """What is promised of a case: (what, measured, bound, kept)."""
    promises = []
    if case.ratio_bound is not None:
        promises.append(("x hand-written", f"{line['ratio']:.2f}", f"{case.ratio_bound:.2f}", line["ratio"] <= case.ratio_bound))
    if case.mib_bound is not None:
        promises.append(("peak MiB", f"{line['peak_mib']}", f"{case.mib_bound}", line["peak_mib"] <= case.mib_bound))
    if case.first_bound_s is not None:
        for what in ("first_s", "median_s"):
            promises.append((what.replace("_s", ", s"), f"{line[what]:.3f}", f"{case.first_bound_s}", line[what] <= case.first_bound_s))
    return promises


def table(measured: list[tuple[Case, dict[str, Any]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="The gate: 12 rules, one of them the uniqueness of a compound key; generated data")
    for heading in ("batch", "gate s", "by hand s", "x (best runs)", "peak MiB", "failed rows kept", "counts", "bounds"):
        shown.add_column(heading, justify="left" if heading in ("batch", "bounds") else "right")
    for case, line in measured:
        bounds = "\n".join(f"{what} {value} <= {bound}: {'ok' if kept else 'OVER'}" for what, value, bound, kept in judged(case, line)) or "-"
        shown.add_row(
            case.name,
            f"{line['median_s']:.3f} ({line['spread_s'][0]:.3f}-{line['spread_s'][1]:.3f})",
            f"{line['hand_written_s']:.3f} ({line['hand_written_spread_s'][0]:.3f}-{line['hand_written_spread_s'][1]:.3f})",
            f"{line['ratio']:.2f} ({line['ratio_of_best']:.2f})",
            str(line["peak_mib"]),
            f"{line['failed_rows_kept']:,}",
            "right" if line["counts_right"] else "WRONG",
            bounds,
        )
    Console(width=None if sys.stdout.isatty() else 160).print(shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="where generated DuckDB files are kept (default: %(default)s)")
    parser.add_argument("--most-rows", type=int, default=10_000_000, help="leave out larger batches")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--workbook", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--prepare", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)

    if arguments.prepare is not None:
        data.write(arguments.folder, CASES[arguments.prepare].size)
        return 0
    if arguments.workbook:
        measure.emit(run_workbook())
        return 0
    if arguments.case is not None:
        case = CASES[arguments.case]
        path = data.file(arguments.folder, case.size) if case.table == "file" else arguments.folder / "staging.duckdb"
        measure.emit(run_case(case, path))
        return 0

    folder = ("--folder", str(arguments.folder))
    workbook = measure.in_own_process("gate", "a workbook", *folder, "--workbook")
    measured = []
    for number, case in enumerate(CASES):
        if case.size.rows > arguments.most_rows:
            continue
        if case.table == "file":
            subprocess.run([sys.executable, "-m", "tests.bench.gate", *folder, "--prepare", str(number)], check=True)
        if line := measure.in_own_process("gate", case.name, *folder, "--case", str(number)):
            measured.append((case, line))
    table(measured)
    if workbook:
        kept = "ok" if workbook["median_s"] <= WORKBOOK_BOUND_S else "OVER"
        sys.stdout.write(f"{workbook['case']}, {workbook['rules']} rules, warm, alone: median {workbook['median_s']:.4f} s <= {WORKBOOK_BOUND_S}: {kept}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
