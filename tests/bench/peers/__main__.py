"""All engines on the same generated files, one after the other, each in an environment of its own that is made on first use:
`python -m tests.bench.peers` prints JSON lines and then a table. An engine that cannot be installed or run is a line with the reason."""

import argparse
import subprocess
import sys
from dataclasses import dataclass
from json import loads
from pathlib import Path
from typing import Any

from tests.bench import data, measure
from tests.bench.data import Size

HERE = Path(__file__).parent
OWN = "kesiapan"
ENGINES = {
    OWN: ("duckdb",),
    "dbt": ("duckdb",),
    "datacontract": ("duckdb",),
    "pandera": ("polars", "pandas"),
    "pointblank": ("ibis", "polars"),
    "soda": ("duckdb",),
    "great_expectations": ("pandas",),
}
PATIENCE_S = 1800


class NoEnvironment(RuntimeError):
    """The engine could not be installed; the message is the installer's."""


@dataclass(frozen=True)
class Cell:
    """One engine variant on one file."""

    engine: str
    variant: str
    size: Size


def python_of(engine: str, folder: Path) -> Path:
    """The interpreter of the engine's own environment, which is made by uv if it is not there with these very versions."""
    if engine == OWN:
        return Path(sys.executable)
    uv = Path(sys.executable).parent / "uv"
    wanted = HERE / f"requirements-{engine}.txt"
    environment = folder / engine
    installed = environment / wanted.name
    python = environment / "bin" / "python"
    if installed.exists() and installed.read_bytes() == wanted.read_bytes():
        return python
    making = (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment],
        [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, "-r", wanted],
    )
    for command in making:
        made = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise NoEnvironment(f"could not be installed: {last_line(made.stderr)}")
    installed.write_bytes(wanted.read_bytes())
    return python


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "nothing was said"


def said_by(environment: str, folder: Path, module: str, *arguments: str) -> dict[str, Any]:
    """The last line of `python -m tests.bench.peers.<module>` with these arguments in an engine's environment, or the reason why there is none."""
    try:
        command = [str(python_of(environment, folder)), "-m", f"tests.bench.peers.{module}", *arguments]
        child = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    except NoEnvironment as error:
        return {"error": str(error)}
    except subprocess.TimeoutExpired:
        return {"error": f"was not done in {PATIENCE_S} s"}
    if child.returncode != 0:
        return {"error": f"ended with {child.returncode}: {last_line(child.stderr)}"}
    return dict(loads(child.stdout.splitlines()[-1]))


def measured(cell: Cell, folder: Path) -> dict[str, Any]:
    """The engine's line, or one with the reason why there is none."""
    about = {"bench": "peer", "engine": cell.engine, "variant": cell.variant, "rows": cell.size.rows, "faults": cell.size.faults}
    arguments = ["--folder", str(folder), "--scratch", str(folder / "scratch" / cell.engine)]
    arguments += ["--rows", str(cell.size.rows), "--variant", cell.variant, *(["--faults"] if cell.size.faults else [])]
    return about | said_by(cell.engine, folder, cell.engine, *arguments)


def table(lines: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 190)
    for rows, faults in sorted({(line["rows"], line["faults"]) for line in lines}):
        kind = "faults planted, failed rows collected as far as the engine does" if faults else "clean"
        shown = Table(title=f"12 rules on {rows:,} generated rows, {kind}")
        headings = (
            "engine",
            "warm s",
            "by hand s",
            "x (best)",
            "load s",
            "x with load",
            "peak MiB",
            "rules",
            "counts that differ",
            "failed rows",
            "beside ours",
        )
        for heading in headings:
            shown.add_column(heading, justify="right" if heading in headings[1:7] else "left")
        here = [line for line in lines if (line["rows"], line["faults"]) == (rows, faults)]
        ours = next((line["ratio"] for line in here if line["engine"] == OWN and "error" not in line), None)
        for line in here:
            name = f"{line['engine']} {line.get('version', '')} {line['variant']}"
            if "error" in line:
                shown.add_row(name, "-", "-", "-", "-", "-", "-", "-", "-", line["error"], "-")
                continue
            differing = ", ".join(f"{rule} {count:,}" for rule, count in line["counts_differing"].items()) or "none"
            beside = "-" if ours is None or line["engine"] == OWN else _beside(ours, line)
            shown.add_row(
                name,
                f"{line['median_s']:.2f} ({line['spread_s'][0]:.2f}-{line['spread_s'][1]:.2f})",
                f"{line['hand_written_s']:.2f}",
                f"{line['ratio']:.2f} ({line['ratio_of_best']:.2f})",
                f"{line['load_s']:.1f}",
                f"{line['ratio_with_load']:.2f}",
                str(line["peak_mib"]),
                f"{line['rules_said']} of {len(data.RULES)}",
                differing if faults else "none" if differing == "none" else differing,
                line["failed_rows"],
                beside,
            )
        console.print(shown)


def _beside(ours: float, line: dict[str, Any]) -> str:
    """A batch lies in DuckDB: an engine that copies it out first pays for that with every batch."""
    if ours < line["ratio"]:
        return "ours ahead"
    return "ours ahead, loading counted" if ours < line["ratio_with_load"] else "AHEAD OF OURS"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/bench-peers"), help="environments and generated files (default: %(default)s)")
    parser.add_argument("--rows", type=int, nargs="+", default=[720_000, 10_000_000], help="multiples of 1,000 (default: %(default)s)")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="default: all")
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [Size(rows, faults) for rows in arguments.rows for faults in (False, True)]
    if arguments.prepare:
        for size in sizes:
            data.write(folder, size)
        return 0
    again = [sys.executable, "-m", "tests.bench.peers", "--prepare", "--folder", str(folder), "--rows", *map(str, arguments.rows)]
    subprocess.run(again, check=True)  # in another process, for its memory
    lines = []
    for size in sizes:
        for engine in arguments.engines:
            for variant in ENGINES[engine]:
                line = measured(Cell(engine, variant, size), folder)
                measure.emit(line)
                lines.append(line)
    table(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
