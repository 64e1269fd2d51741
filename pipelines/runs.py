"""Whose process a Dagster run belongs to. A killed process cannot end its runs: whoever starts next ends them, so that the UI tells the truth."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

PROCESS = "kesiapan/process"
IN_PROGRESS = [DagsterRunStatus.STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.CANCELING]


def process_tag(pid: int | None = None) -> str:
    """Process number and start time: a number alone is given away again."""
    pid = os.getpid() if pid is None else pid
    return f"{pid}-{_started(pid)}"


def _started(pid: int) -> str:
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone"
    return "gone" if state in ("Z", "X") else fields[18]  # a zombie is dead: nobody has reaped it yet


def is_alive(tag: str) -> bool:
    pid, _, started = tag.partition("-")
    return pid.isdigit() and started != "gone" and _started(int(pid)) == started


def fail_orphans(instance: DagsterInstance) -> list[str]:
    """Report as failed every run in progress whose process is gone. Returns their ids."""
    failed = []
    for record in instance.get_runs(filters=RunsFilter(statuses=IN_PROGRESS)):
        tag = record.tags.get(PROCESS)
        if tag is not None and not is_alive(tag):
            instance.report_run_failed(
                record, "Its process is gone: killed, or the machine went down. What it had committed is kept; the next run does the rest."
            )
            instance.event_log_storage.free_concurrency_slots_for_run(record.run_id)
            failed.append(record.run_id)
    return failed


def claim(context: dg.InitResourceContext) -> None:
    """Called as a run's first resource comes up: note this process as the run's, and end the runs of processes that are gone."""
    if context.instance is None or context.run is None or not context.instance.has_run(context.run.run_id):
        return  # a resource that is tried out by hand
    if context.run.tags.get(PROCESS) != process_tag():
        context.instance.add_run_tags(context.run.run_id, {PROCESS: process_tag()})
    fail_orphans(context.instance)


@contextmanager
def journals_open(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Dagster opens its SQLite files for each event anew, some 2,000 times a refresh, and whoever is the last to close one must write all that is in its
    journal (WAL) into it. While this holds them open nobody is: a twelfth of a small refresh's time, more on a busy disk. Other storages have no such files."""
    history = Path(instance.root_directory) / "history"
    files = [history / "runs.db", history / "runs" / "index.db"]
    with ExitStack() as stack:
        if all(file.exists() for file in files):
            for file in [*files, history / "runs" / f"{run_id}.db"]:
                stack.enter_context(closing(sqlite3.connect(file))).executescript("pragma journal_mode = wal; select count(*) from sqlite_master")
        yield
