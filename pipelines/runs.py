"""Whose process a Dagster run belongs to. A killed process cannot end its runs: whoever starts next ends them, so that the UI tells the truth."""

import os
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
