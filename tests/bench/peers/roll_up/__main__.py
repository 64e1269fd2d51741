"""Our roll-up, polars and pandas on the same generated lakes, one after the other: `python -m tests.bench.peers.roll_up` prints JSON lines and then a table;
it measures and never fails. Theirs is the lighter work: they end with the result in memory, ours with it committed to the warehouse, beside all that this
feed has no settings for (maintenance, service hours, burn rates). Ours has found runs of equal checks when the lake was written, theirs seeks them: the
times in brackets are beside ours with these sought anew."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import measure
from tests.bench.peers.__main__ import OWN, PATIENCE_S, said_by
from tests.bench.peers.roll_up.kesiapan import SERVICES
from tests.bench.uptime import FEED, MINUTES_A_DAY
from warehouse import database

HERE = Path(__file__).parent
BOUNDS = {"polars": 3.0, "pandas": 10.0}  # times as long as ours, at least


def measured(engine: str, home: Path, folder: Path) -> dict[str, Any]:
    """The engine's line, or one with the reason why there is none. pandas is the project's own."""
    arguments = ["--home", str(home), *([] if engine == OWN else ["--max-hold-s", str(FEED.max_hold_s)])]
    return {"bench": "roll-up peer", "engine": engine} | said_by("polars" if engine == "polars" else OWN, folder, f"roll_up.{engine}", *arguments)


def differing(engine: str, home: Path) -> dict[str, int]:
    files = {f"{whose}_{table}": str(home / f"{of}_{table}.parquet") for whose, of in (("our", OWN), ("their", engine)) for table in ("service_day", "outage")}
    with database.scratch() as connection:
        found = connection.execute((HERE / "differing.sql").read_text(encoding="utf-8"), files)
        names = [column[0] for column in found.description]
        row = found.fetchone()
    assert row is not None
    return dict(zip(names, map(int, row), strict=True))


def contest(days: int, engines: list[str], folder: Path) -> list[dict[str, Any]]:
    """The lines of one lake."""
    lines: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        home = Path(scratch)
        generating = [sys.executable, "-m", f"tests.bench.peers.roll_up.{OWN}", "--home", scratch, "--days", str(days)]
        subprocess.run(generating, check=True, timeout=PATIENCE_S)
        for engine in (OWN, *engines):
            line = measured(engine, home, folder) | {"services": SERVICES, "days": days}
            ours = lines[0] if lines else line
            if engine != OWN and "error" not in line and "error" not in ours:
                found = differing(engine, home)
                right = found["service_days_differing"] == found["outages_differing"] == 0
                beside = {"beside_ours": round(line["best_s"] / ours["best_s"], 3), "beside_runs_anew": round(line["best_s"] / ours["runs_anew_s"], 3)}
                line |= {**beside, **found, "right": right}
            measure.emit(line)
            lines.append(line)
    return lines


def table(lines: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="Roll-up of checks to service-days and outages; generated data; the best of three runs")
    for heading in ("about so many checks", "engine", "s", "x ours", "peak MiB", "result", "bounds"):
        shown.add_column(heading, justify="left" if heading in ("engine", "result", "bounds") else "right")
    for line in lines:
        checks, name = f"{line['services'] * line['days'] * MINUTES_A_DAY:,}", f"{line['engine']} {line.get('version', '')}"
        if "error" in line:
            shown.add_row(checks, name, "-", "-", "-", line["error"], "-")
        elif "beside_ours" not in line:
            shown.add_row(checks, name, f"{line['best_s']:.2f} ({line['runs_anew_s']:.2f})", "-", str(line["peak_mib"]), "-", "-")
        else:
            least = BOUNDS[line["engine"]]
            kept = "ok" if line["beside_ours"] >= least else "UNDER"
            result = "right" if line["right"] else f"WRONG: {line['service_days_differing']:,} days, {line['outages_differing']:,} outages"
            times = f"{line['beside_ours']:.2f}"
            both = f"{times} ({line['beside_runs_anew']:.2f})"
            shown.add_row(checks, name, f"{line['best_s']:.2f}", both, str(line["peak_mib"]), result, f"x {times} >= {least:g}: {kept}")
    Console(width=None if sys.stdout.isatty() else 160).print(shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/bench-peers"), help="environments and generated lakes (default: %(default)s)")
    parser.add_argument("--checks", type=int, nargs="+", default=[10_000_000, 30_000_000, 100_000_000], help="about so many (default: %(default)s)")
    parser.add_argument("--most-for-pandas", type=int, default=30_000_000, help="checks that its memory is good for (default: %(default)s)")
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    lines: list[dict[str, Any]] = []
    for checks in arguments.checks:
        engines = [engine for engine in BOUNDS if engine != "pandas" or checks <= arguments.most_for_pandas]
        lines += contest(max(checks // (SERVICES * MINUTES_A_DAY), 1), engines, folder)
    table(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
