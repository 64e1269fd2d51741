"""How an engine is measured, in its own environment: open the generated DuckDB file, judge it once to warm up, then in turn with the hand-written
SQL. Standard library and DuckDB only."""

import argparse
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from tests.bench import data, measure

SLOW_S = 5.0


@dataclass(frozen=True)
class Contestant:
    """An engine in one of its variants. `load` gets the file, a scratch folder and whether failed rows are to be collected; `judge` gets what
    `load` made and gives rows that break each rule, where the engine counts them (another unit than rows is said in `notes`)."""

    package: str
    variant: str
    load: Callable[[Path, Path, bool], Any]
    judge: Callable[[Any], Mapping[str, int]]
    failed_rows: str
    imports: tuple[str, ...] = ()  # what `load` and `judge` import: not timed
    not_said: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""
    load_counts: bool = False  # the data is copied out of DuckDB first: every new batch pays for that too


def table_to(kind: str, path: Path) -> Any:
    """The whole table as a data frame (`polars` or `pandas`); DuckDB's own memory is given back."""
    connection = duckdb.connect(str(path), read_only=True)
    connection.execute("set timezone = 'UTC'")
    result = connection.execute("select * from batch")
    frame = result.pl() if kind == "polars" else result.df()
    connection.close()
    return frame


def main(*contestants: Contestant) -> None:
    """One variant on one file; a JSON line on standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--variant", required=True)
    arguments = parser.parse_args()
    contestant = next(each for each in contestants if each.variant == arguments.variant)
    size = data.Size(arguments.rows, arguments.faults)
    path = data.file(arguments.folder, size)
    arguments.scratch.mkdir(parents=True, exist_ok=True)

    for name in contestant.imports:
        importlib.import_module(name)
    loaded: list[Any] = []
    load_s = measure.seconds(lambda: loaded.append(contestant.load(path, arguments.scratch, size.faults)))
    found: list[Mapping[str, int]] = []
    first_s = measure.seconds(lambda: found.append(contestant.judge(loaded[0])))
    second_s = measure.seconds(lambda: contestant.judge(loaded[0]))
    peak_mib = measure.peak_mib()  # before our own SQL takes memory in this process

    connection = duckdb.connect(str(path), read_only=True)
    data.hand_written(connection)
    runs = measure.RUNS if second_s < SLOW_S else 3
    engine, hand = measure.alternating(lambda: contestant.judge(loaded[0]), lambda: data.hand_written(connection), runs)
    connection.close()

    expected = size.expected()
    differing = {rule: count for rule, count in found[0].items() if rule in expected and count != expected[rule]}
    line = {
        "bench": "peer",
        "engine": contestant.package,
        "version": version(contestant.package),
        "variant": contestant.variant,
        "rows": size.rows,
        "faults": size.faults,
        **measure.summary(engine, hand),
        "first_s": round(first_s, 3),
        "load_s": round(load_s, 3) if contestant.load_counts else 0.0,
        "peak_mib": round(peak_mib),
        "rules_said": len(data.RULES) - len(contestant.not_said),
        "not_said": dict(contestant.not_said),
        "counts_differing": differing,
        "failed_rows": contestant.failed_rows,
        "notes": contestant.notes,
    }
    line["ratio_with_load"] = round((line["median_s"] + line["load_s"]) / line["hand_written_s"], 3)
    measure.emit(line)
