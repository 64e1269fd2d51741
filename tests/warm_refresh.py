"""A process that has everything imported and starts `kesiapan refresh` in children, so that a test can kill many of them in little time.
A line of standard input names a home and a log file, and the answer is the child's process number; the next line asks how it ended. Until then
the child is not reaped, so that its number stays its own.

Children are forked before this process has opened a DuckDB connection or a Dagster instance: a child starts as a fresh command does."""

import importlib
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from tests.conftest import ROOT, environment


class Lane:
    """One such process; runs one child at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout

    def start(self, home: Path, log: Path) -> int:
        """Begin a refresh of this home. Returns its process number."""
        self._to.write(f"{home}\t{log}\n")
        self._to.flush()
        return int(self._from.readline())

    def end(self) -> str:
        """How the child ended: `exit 0`, `signal 9`. Waits for it."""
        self._to.write("end\n")
        self._to.flush()
        return self._from.readline().rstrip("\n")


def writes(pid: int) -> int:
    """Calls to write so far, by a process that runs, or that has ended and is not reaped."""
    counters = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text(encoding="utf-8").splitlines())
    return int(counters["syscw"])


def has_ended(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


@contextmanager
def lane(scratch: Path, sources: Path) -> Iterator[Lane]:
    """A lane whose children read these settings."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_refresh"],
        env=environment(scratch, KESIAPAN_SOURCES=str(sources), OPENBLAS_NUM_THREADS="1", GX_ANALYTICS_ENABLED="false", PYTHONUNBUFFERED="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    made = Lane(process)
    try:
        yield made
    finally:
        made._to.close()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        made._from.close()


def _serve() -> None:
    for module in ("great_expectations.expectations", "expectations.engine", "pipelines.launch", "pipelines.summary"):
        importlib.import_module(module)
    from pipelines import command

    while line := sys.stdin.readline():
        home, log = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            _refresh(command.main, home, log)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        if not sys.stdin.readline():
            os.kill(child, signal.SIGKILL)  # the test is gone
        _, status = os.waitpid(child, 0)
        how = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
        sys.stdout.write(f"{how}\n")
        sys.stdout.flush()


def _refresh(main: Callable[[list[str]], int], home: str, log: str) -> NoReturn:
    """In the child: the command, with its output in the log. Never returns."""
    code = 70
    try:
        output = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ["KESIAPAN_HOME"] = home
        code = main(["refresh"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
