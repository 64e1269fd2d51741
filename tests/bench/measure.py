"""Stop-watch and memory gauge of the benchmarks: alternating runs, medians, the process's peak. Standard library only."""

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

RUNS = 5
PATIENCE_S = 3600  # with a case; none takes minutes where the machine is idle
STATUS = Path("/proc/self/status")


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def alternating(first: Callable[[], object], second: Callable[[], object], runs: int = RUNS) -> tuple[list[float], list[float]]:
    """Time both in turn, so that a disturbance of the machine meets both."""
    pairs = [(seconds(first), seconds(second)) for _ in range(runs)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def peak_mib() -> float:
    """Most memory this process has held until now. Not from getrusage where /proc has it: that one remembers the parent's size across exec."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def summary(engine: Sequence[float], hand: Sequence[float]) -> dict[str, Any]:
    """Medians, spreads, the ratio of the medians, and that of the best runs: where the machine was busy with something else, trust the latter."""
    return {
        "median_s": round(statistics.median(engine), 4),
        "spread_s": [round(min(engine), 4), round(max(engine), 4)],
        "hand_written_s": round(statistics.median(hand), 4),
        "hand_written_spread_s": [round(min(hand), 4), round(max(hand), 4)],
        "ratio": round(statistics.median(engine) / statistics.median(hand), 3),
        "ratio_of_best": round(min(engine) / min(hand), 3),
        "runs": len(engine),
    }


def emit(line: dict[str, Any]) -> None:
    """One JSON line on standard output."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def in_own_process(bench: str, name: str, *arguments: str) -> dict[str, Any] | None:
    """The last line of `python -m tests.bench.<bench>` with these arguments, emitted here too; None, with the reason emitted, if it ended badly. A process
    for each case, so that the peak of memory is that case's."""
    command = [sys.executable, "-m", f"tests.bench.{bench}", *arguments]
    try:
        child = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        emit({"bench": bench, "case": name, "error": f"was not done in {PATIENCE_S} s"})
        return None
    line = dict(json.loads(child.stdout.splitlines()[-1])) if child.returncode == 0 else None
    emit(line or {"bench": bench, "case": name, "error": f"ended with {child.returncode}"})
    return line
