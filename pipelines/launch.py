"""Starts runs from the command, in this process, recorded in the Dagster instance, and prints how they come along."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
from rich.console import Console

from assets.publish import publication
from assets.submissions import submission
from expectations.intake import unjudged
from pipelines import runs
from pipelines.definitions import build_definitions
from pipelines.failure import Failed
from pipelines.partitions import QUARTERS
from pipelines.sensors import COMMAND, RANGE_START, due_periods, range_tags, unscored_periods
from pipelines.settings import INBOX, Settings
from warehouse import period as quarter
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.files import sha256_of

PROGRESS = "progress"
REPOSITORY = {".dagster/repository": "__repository__@kesiapan"}  # so that the UI shows these runs under their jobs


@contextmanager
def session(settings: Settings, console: Console) -> Iterator["Session"]:
    with dg.DagsterInstance.get() as instance:
        for run_id in runs.fail_orphans(instance):
            console.print(f"run {run_id[:8]} was killed before it could end: marked as failed; this run does what it left undone")
        yield Session(settings, instance, console)


class Session:
    def __init__(self, settings: Settings, instance: dg.DagsterInstance, console: Console) -> None:
        self._settings = settings
        self._instance = instance
        self._console = console
        self._definitions = build_definitions(settings, loggers={PROGRESS: _progress_logger(console)})
        self._warehouse = Warehouse(settings.home.warehouse)
        self.changed = False

    def ingest(self) -> None:
        """What lies in the inbox or was sent and is to be judged by new rules, and every configured feed."""
        home = self._settings.home
        if any(home.inbox.iterdir()) or unjudged(Archive(home.archive), INBOX, submission.READER_OF_MANY_SENDERS):
            self.inbox()
        self._run("ingest")

    def inbox(self) -> None:
        self._run("inbox")

    def release(self, period: str | None, as_of: datetime | None) -> None:
        """The quarters that are due, for all or for data quality alone, one run per contiguous stretch, or the one that was asked for; then the published
        file, if it is behind."""
        if period is not None and quarter.first_day(period).isoformat() not in QUARTERS.get_partition_keys():
            raise Failed(f"{period} is not a quarter of this system; accepted: {quarter.FIRST} up to the running quarter")
        stretches = [(period, period)] if period is not None else quarter.stretches(due_periods(self._instance))
        config = {"ops": {"release": {"config": {"as_of": as_of.isoformat() if as_of is not None else ""}}}}
        for first, last in stretches:
            self.changed = True
            self._run("readiness", range_tags(first, last), config)
        for first, last in quarter.stretches(unscored_periods(self._instance)) if period is None else []:
            self.changed = True
            self._run("quality", range_tags(first, last))
        self.publish()

    def publish(self) -> None:
        """Bring the published file up, unless it shows the warehouse's state already."""
        with self._warehouse.open_for_writing() as connection:
            current = publication.is_current(connection, self._settings.home.published)
        if not current:
            self.changed = True
            self._run("publish")

    def rebuild(self, accept_loss: bool) -> None:
        self._run("rebuild", config={"ops": {"rebuild_warehouse": {"config": {"accept_loss": accept_loss}}}})

    def verdict(self, feed_id: str | None = None) -> list[str]:
        """A line per feed (or of one feed) whose last run failed, or that has a rejected batch."""
        with self._warehouse.open_for_reading() as connection:
            rows = connection.execute(
                """
                select feed_id, status, message
                from (select * from meta.ingest_run qualify row_number() over (partition by feed_id order by started_at desc) = 1)
                where status in ('failed', 'rejected') and feed_id = coalesce($1, feed_id)
                order by feed_id
                """,
                [feed_id],
            ).fetchall()
        return [f"{feed_id}: {status}: {message}" for feed_id, status, message in rows]

    def judged(self, contents: Sequence[bytes]) -> list[tuple[Any, ...]]:
        """What became of files that were put in the inbox."""
        with self._warehouse.open_for_reading() as connection:
            return connection.execute(
                """
                select
                    source_name,
                    case when status = 'promoted' and 0 < rejected and rejected = read then 'set aside' else status end as verdict,
                    read,
                    added,
                    updated,
                    unchanged,
                    rejected,
                    message
                from meta.batch
                where feed_id = $2 and list_contains($1, artifact_sha256)
                qualify row_number() over (partition by artifact_sha256 order by known_at desc) = 1
                order by source_name
                """,
                [[sha256_of(data) for data in contents], INBOX],
            ).fetchall()

    def set_aside(self, content: bytes) -> list[str]:
        """What the rows of a file that was put in the inbox were set aside for: what must hold, and what they say."""
        with self._warehouse.open_for_reading() as connection:
            rows = connection.execute(
                """
                select replace(failed_row.reason, rule.sentence_id, rule.sentence_en)
                from quality.failed_row as failed_row
                inner join meta.batch as batch using (batch_id)
                inner join quality.rule as rule on rule.rule_id = failed_row.rule_id and rule.valid_to is null
                where batch.feed_id = $2 and batch.artifact_sha256 = $1 and failed_row.severity = 'critical'
                qualify dense_rank() over (order by batch.known_at desc) = 1
                order by failed_row.row_key, failed_row.rule_id
                """,
                [sha256_of(content), INBOX],
            ).fetchall()
        return [str(row[0]) for row in rows]

    def _run(self, job: str, tags: dict[str, str] | None = None, config: dict[str, Any] | None = None) -> None:
        definition = self._definitions.resolve_job_def(job)
        tags = {**REPOSITORY, COMMAND: job, runs.PROCESS: runs.process_tag(), **(tags or {})}
        self._console.print(f"[bold]{job}[/bold]" + (f" {tags[RANGE_START]}" if RANGE_START in tags else ""))
        run_config = {"loggers": {PROGRESS: {}}, **(config or {})}
        run_id = str(uuid4())
        with journals_open(self._instance, run_id):
            result = definition.execute_in_process(instance=self._instance, run_id=run_id, tags=tags, run_config=run_config, raise_on_error=False)
        if not result.success:
            raise Failed(f"run {result.run_id} of job {job} failed; `make dev` shows its log")


@contextmanager
def journals_open(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Dagster opens its SQLite files for each event anew, some 2,000 times a refresh, and whoever is the last to close one must write all that is in its
    journal (WAL) into it. While this holds them open nobody is: a twelfth of a small refresh's time, more on a busy disk. Other storages have no such files."""
    history = Path(instance.root_directory) / "history"
    files = [history / "runs.db", history / "runs" / "index.db"]
    with ExitStack() as stack:
        if all(file.exists() for file in files):
            for file in [*files, history / "runs" / f"{run_id}.db"]:
                stack.enter_context(closing(sqlite3.connect(file))).executescript("pragma journal_mode = wal; select count(*) from sqlite_master")
        yield


def _progress_logger(console: Console) -> dg.LoggerDefinition:
    """Prints what assets say, and errors; Dagster's own events stay in the instance."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            meta: dict[str, Any] = getattr(record, "dagster_meta", {})
            said = str(meta.get("orig_message") or record.getMessage())
            event: dg.DagsterEvent | None = meta.get("dagster_event")
            if event is not None and event.is_step_failure and (error := event.step_failure_data.error) is not None and error.cause is not None:
                said = f"{said} {error.cause.message.strip()}"
            if record.levelno >= logging.ERROR or (record.levelno >= logging.INFO and event is None):
                console.print(f"  {said}", markup=False, highlight=False, soft_wrap=True)

    def progress(_context: dg.InitLoggerContext) -> logging.Logger:
        made = logging.Logger("kesiapan.progress", logging.INFO)
        made.addHandler(Handler())
        return made

    return dg.LoggerDefinition(progress, description="Progress for people at a terminal.")
