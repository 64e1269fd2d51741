"""The `kesiapan` command. Every run it starts goes through Dagster, is recorded in the instance and shows in the UI under its job."""

import argparse
import csv
import json
import logging
import os
import stat
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import duckdb
from rich.console import Console
from rich.table import Table

from pipelines import settings
from pipelines.failure import Failed
from pipelines.settings import INBOX, ROOT, Settings, SettingsError
from warehouse import period as quarter
from warehouse.archive import CorruptArtifact
from warehouse.database import WarehouseBusy, WarehouseMissing, open_published
from warehouse.files import write_atomically

# Dagster is imported where it is used: `query` and `--help` answer at once.

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

OUTPUT = Console() if sys.stdout.isatty() else Console(width=140)
ERRORS = Console(stderr=True, soft_wrap=True, highlight=False)


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except (SettingsError, Failed, WarehouseBusy, WarehouseMissing, CorruptArtifact, quarter.NotAPeriod) as error:
        ERRORS.print(str(error), markup=False)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has gone, `| head` for one
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kesiapan", description="Readiness of regional governments for digital government, measured on evidence.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _running(commands)
    _assessing(commands)
    _looking(commands)
    _keeping(commands)
    return parser


def _running(commands: Commands) -> None:
    refresh = commands.add_parser("refresh", help="ingest all feeds, release the quarters that became due, publish")
    refresh.add_argument("--period", help="this quarter, due or not, such as 2026-Q3")
    refresh.add_argument("--as-of", type=_time, help="reckon with what was known by then (ISO 8601, such as 2026-10-05T00:00:00+08:00); needs --period")
    refresh.set_defaults(run=_refresh)

    ingest = commands.add_parser("ingest", help="put files in the inbox, judge them, and say what became of them")
    ingest.add_argument("files", nargs="+", type=Path, metavar="FILE")
    ingest.set_defaults(run=_ingest)


def _assessing(commands: Commands) -> None:
    template = commands.add_parser("template", help="a workbook that an agency fills in and sends back")
    for name, words in (("instrument", "such as SPBE2020"), ("government", "code, such as 63"), ("period", "such as 2026-Q2")):
        template.add_argument(f"--{name}", required=True, help=words)
    template.add_argument("--agency", default="-", help="agency code; default: the government itself")
    template.add_argument("--stage", choices=("self", "document", "interview", "final"), default="self")
    template.add_argument("--language", choices=("id", "en"), default="id")
    template.add_argument("-o", "--output", type=Path, required=True, help="the XLSX file to write")
    template.add_argument("--overwrite", action="store_true", help="also if there is a file of that name")
    template.set_defaults(run=_template)

    override = commands.add_parser("override", help="an assessor sets or withdraws a value: who, why and what it was are kept")
    for name, words in (("government", "code, such as 51.71"), ("period", "such as 2021-Q4"), ("instrument", "such as SPBE2020"), ("indicator", "such as 3")):
        override.add_argument(f"--{name}", required=True, help=words)
    override.add_argument("--agency", default="-", help="agency code; default: the government itself")
    override.add_argument("--stage", required=True, choices=("self", "document", "interview", "final"))
    change = override.add_mutually_exclusive_group(required=True)
    change.add_argument("--value", help="the new value")
    change.add_argument("--withdraw", action="store_true", help="nothing is claimed any more")
    override.add_argument("--reason", required=True, type=_said, help="why; one without a reason is refused")
    override.add_argument("--by", required=True, type=_said, help="who; not published")
    override.add_argument("--document", help="name of the document that orders it")
    override.set_defaults(run=_override)

    review = commands.add_parser("review", help="a verifier accepts an evidence file or returns it: who, why and when are kept")
    review.add_argument("--government", required=True, help="code, such as 51.71")
    review.add_argument("--agency", default="-", help="agency code; default: the government itself")
    review.add_argument("--file", required=True, help="the evidence file's name, as the register core.evidence has it")
    verdict = review.add_mutually_exclusive_group(required=True)
    verdict.add_argument("--accept", action="store_true")
    verdict.add_argument("--return", dest="returned", action="store_true", help="it does not show what it should; needs --reason")
    review.add_argument("--reason", type=_said, help="why")
    review.add_argument("--by", required=True, type=_said, help="who; not published")
    review.add_argument("--document", help="name of the document that records it")
    review.set_defaults(run=_review)


def _looking(commands: Commands) -> None:
    query = commands.add_parser("query", help="SQL on the published file")
    query.add_argument("sql")
    query.add_argument("--format", choices=("table", "csv", "json"), default="table")
    query.set_defaults(run=_query)

    batch = commands.add_parser("batch", help="stage an archived batch again, to look at its rows or at those that break a rule")
    batch.add_argument("batch_id", help="the batch's id, or how it begins")
    batch.add_argument("--rule", help="only the rows that break this rule")
    batch.add_argument("--format", choices=("table", "csv", "json"), default="table")
    batch.set_defaults(run=_batch)

    docs = commands.add_parser("docs", help="Great Expectations' Data Docs (HTML) of every feed's newest batch")
    docs.add_argument("-o", "--output", type=Path, help="folder to write to; default: data_docs/ beside the published file")
    docs.set_defaults(run=_docs)

    suite = commands.add_parser("suite", help="a suite of rules as Great Expectations JSON")
    suite.add_argument("name", help="submission, published_index, check, dataset, ...")
    suite.set_defaults(run=_suite)


def _keeping(commands: Commands) -> None:
    rebuild = commands.add_parser("rebuild", help="make the warehouse anew out of the archive alone, and publish it")
    rebuild.add_argument("--accept-loss", action="store_true", help="also where the archive lacks what the warehouse was made of")
    rebuild.set_defaults(run=_rebuild)

    doctor = commands.add_parser("doctor", help="check versions, settings, paths, locks and files, and say how to mend what is wrong")
    doctor.set_defaults(run=_doctor)

    dev = commands.add_parser("dev", help="the Dagster UI and daemon, on this home's persistent state")
    dev.add_argument("--port", type=int, default=3000)
    dev.set_defaults(run=_dev)


def _said(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text.strip()


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time; accepted: ISO 8601, such as 2026-10-05T00:00:00+08:00") from error
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} names no zone; accepted: such as 2026-10-05T00:00:00+08:00")
    return moment


def _prepare(loaded: Settings) -> None:
    """Folders, and DAGSTER_HOME with the project's dagster.yaml linked in. An unlinked one is read by nobody, and its runs are thrown away."""
    home = loaded.home
    home.create()
    link = home.dagster / "dagster.yaml"
    if not link.is_symlink() or link.resolve() != (ROOT / "dagster.yaml").resolve():
        link.unlink(missing_ok=True)
        link.symlink_to(ROOT / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home.dagster)
    os.environ.setdefault("KESIAPAN_HOME", str(home.root))


def _refresh(arguments: argparse.Namespace) -> int:
    if arguments.as_of is not None and arguments.period is None:
        raise Failed("--as-of needs --period: a past view is made of one quarter")
    period = None if arguments.period is None else quarter.of_day(quarter.first_day(arguments.period))
    loaded = settings.load()
    _prepare(loaded)
    from pipelines import launch, summary

    with launch.session(loaded, OUTPUT) as session:
        session.ingest()
        session.release(period, arguments.as_of)
        verdict = session.verdict()
        changed = session.changed
    summary.show(loaded.home, OUTPUT)
    if not changed:
        OUTPUT.print("\nNothing was new: every feed is unchanged, no quarter was due, and the published file is the one that was there.")
    _print_verdict(verdict)
    return 1 if verdict else 0


def _print_verdict(verdict: Sequence[str]) -> None:
    if verdict:
        OUTPUT.print("\n[bold red]Not everything went through[/bold red]: the feeds below failed or have a rejected batch; all others are up to date.")
        for line in verdict:
            OUTPUT.print(f"  {line}", markup=False, soft_wrap=True)


def _template(arguments: argparse.Namespace) -> int:
    from assets.submissions import template

    if arguments.output.exists() and not arguments.overwrite:
        raise Failed(f"{arguments.output} is there already, and may be filled in; accepted: another name, or --overwrite")
    try:
        with open_published(settings.load().home.published) as connection:
            made = template.load(
                connection,
                instrument_id=arguments.instrument,
                government_code=arguments.government,
                agency_code=arguments.agency,
                period=arguments.period,
                stage=arguments.stage,
                language=arguments.language,
            )
    except LookupError as error:
        raise Failed(str(error)) from error
    write_atomically(arguments.output.resolve(), template.write(made))
    OUTPUT.print(f"{arguments.output}: {len(made.indicators)} indicators of {made.instrument_name}", soft_wrap=True, highlight=False)
    return 0


def _override(arguments: argparse.Namespace) -> int:
    from assets.submissions.override import Override, to_bytes
    from pipelines.resources import now

    loaded = settings.load()
    _prepare(loaded)
    at = now()
    override = Override(
        government_code=arguments.government,
        agency_code=arguments.agency,
        period=arguments.period,
        instrument_id=arguments.instrument,
        indicator_id=arguments.indicator,
        stage=arguments.stage,
        value=arguments.value,
        value_before=_value_now(loaded, arguments),
        reason=arguments.reason,
        document=arguments.document,
        by=arguments.by,
        at=at,
    )
    name = f"override-{at:%Y%m%dT%H%M%S%f}.json"
    return _take_in(loaded, {name: to_bytes(override)})


def _value_now(loaded: Settings, arguments: argparse.Namespace) -> str | None:
    """The published last word on an indicator, for the record; None if there is none."""
    with open_published(loaded.home.published) as connection:
        row = connection.execute(
            """
            select value from core.assessment_current
            where (government_code, agency_code, period, instrument_id, indicator_id, stage) = ($1, $2, $3, $4, $5, $6)
            """,
            [arguments.government, arguments.agency, arguments.period, arguments.instrument, arguments.indicator, arguments.stage],
        ).fetchone()
    return None if row is None or row[0] is None else str(row[0])


def _review(arguments: argparse.Namespace) -> int:
    from pipelines.resources import now
    from warehouse.archive import Archive, Review

    if arguments.returned and arguments.reason is None:
        raise Failed("a returned file needs --reason: its sender must know what to mend")
    loaded = settings.load()
    _prepare(loaded)
    status = "returned" if arguments.returned else "accepted"
    sha256 = _delivered(loaded, arguments.government, arguments.agency, arguments.file)
    reviewed = Review(
        arguments.government, arguments.agency, arguments.file, sha256, status, arguments.reason, arguments.document, arguments.by, reviewed_at=now()
    )
    Archive(loaded.home.archive).record_review(reviewed)
    from pipelines import launch

    with launch.session(loaded, OUTPUT) as session:
        session.inbox()
        session.publish()
    OUTPUT.print(f"{arguments.file}: {status}", markup=False, highlight=False)
    return 0


def _delivered(loaded: Settings, government: str, agency: str, name: str) -> str:
    """Hash of the evidence file of an owner that has that name, out of the published register."""
    with open_published(loaded.home.published) as connection:
        found = connection.execute(
            """
            select file_name, sha256 from core.evidence
            where government_code = $1 and agency_code = $2 and sha256 is not null
            order by lower(file_name) <> lower($3), file_name
            """,
            [government, agency, name],
        ).fetchall()
    if found and found[0][0].lower() == name.lower():
        return str(found[0][1])
    known = ", ".join(dict.fromkeys(row[0] for row in found)) or "none was delivered yet"
    raise Failed(f"no evidence file {name!r} of {government} {agency} was delivered; accepted: {known}")


def _ingest(arguments: argparse.Namespace) -> int:
    missing = [str(path) for path in arguments.files if not path.is_file()]
    if missing:
        raise Failed(f"no such file: {', '.join(missing)}")
    files: dict[str, bytes] = {}
    for path in arguments.files:
        data = path.read_bytes()
        if files.setdefault(path.name, data) != data:
            raise Failed(f"two different files are called {path.name}: rename one, or ingest one after the other")
    loaded = settings.load()
    _prepare(loaded)
    return _take_in(loaded, files)


def _take_in(loaded: Settings, files: dict[str, bytes]) -> int:
    """Put files in the inbox, judge them, release what became due, and say what became of each; of an override, which gets no feedback, why too."""
    from assets.arrival import refusal, shown
    from assets.submissions import override

    inbox = loaded.home.inbox
    for name, data in files.items():
        if (reason := refusal(name, stat.S_IFREG)) is not None:
            raise Failed(f"{shown(name)} {reason}")
        if (inbox / name).exists() and (inbox / name).read_bytes() != data:
            raise Failed(f"another {name} lies in {inbox} and has not been taken in yet: `kesiapan refresh` does, then try again")
    for name, data in files.items():
        write_atomically(inbox / name, data)
    from pipelines import launch

    with launch.session(loaded, OUTPUT) as session:
        session.inbox()
        session.release(None, None)
        judged = session.judged(list(files.values()))
        trouble = session.verdict(INBOX)
        untold = {name: session.set_aside(data) for name, data in files.items() if override.looks_like_one(data)}
    table = Table(title="Verdict", title_justify="left", title_style="bold")
    for column in ("file", "verdict", "rows", "added", "updated", "unchanged", "set aside", "why"):
        table.add_column(column)
    for row in judged:
        table.add_row(*(str(value) if value is not None else "" for value in row))
    if judged:
        OUTPUT.print(table)
    for name, reasons in untold.items():
        for reason in reasons:
            OUTPUT.print(f"{name}: {reason}", soft_wrap=True, highlight=False, markup=False)
    if len(untold) < len(files):
        OUTPUT.print(f"What each sender is told, row by row: {loaded.home.feedback}", soft_wrap=True, highlight=False)
    return 1 if trouble or any(row[1] == "rejected" or row[6] for row in judged) else 0


def _query(arguments: argparse.Namespace) -> int:
    with open_published(settings.load().home.published) as connection:
        try:
            _print_rows(connection.sql(arguments.sql), arguments.format)
        except duckdb.Error as error:
            raise Failed(str(error)) from error
    return 0


def _print_rows(result: duckdb.DuckDBPyRelation | None, form: str) -> None:
    if result is None:
        return
    names = [column[0] for column in result.description or []]
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")  # else a value that a shell takes from it ends with a carriage return
        writer.writerow(names)
        while rows := result.fetchmany(10_000):
            writer.writerows(rows)
    elif form == "json":
        while rows := result.fetchmany(10_000):
            sys.stdout.writelines(json.dumps(dict(zip(names, row, strict=True)), default=str, ensure_ascii=False) + "\n" for row in rows)
    else:
        result.show(max_width=OUTPUT.width, max_rows=200)


def _batch(arguments: argparse.Namespace) -> int:
    from pipelines import inspect_batch

    loaded = settings.load()
    with open_published(loaded.home.published) as connection:
        try:
            _print_rows(inspect_batch.rows(connection, loaded, arguments.batch_id, arguments.rule), arguments.format)
        except inspect_batch.NotFound as error:
            raise Failed(str(error)) from error
    return 0


def _docs(arguments: argparse.Namespace) -> int:
    from expectations import data_docs
    from pipelines import inspect_batch

    loaded = settings.load()
    folder = (arguments.output or loaded.home.published.parent / "data_docs").resolve()
    with open_published(loaded.home.published) as connection:
        index = data_docs.write_docs(folder, inspect_batch.newest(connection, loaded))
    OUTPUT.print(f"Data Docs: {index}", soft_wrap=True, highlight=False)
    return 0


def _suite(arguments: argparse.Namespace) -> int:
    from expectations import catalogue, data_docs

    suites = {suite.name: suite for suite in catalogue.suites()}
    if arguments.name not in suites:
        raise Failed(f"no suite {arguments.name!r}; accepted: {', '.join(suites)}")
    sys.stdout.write(data_docs.suite_json(suites[arguments.name]) + "\n")
    return 0


def _rebuild(arguments: argparse.Namespace) -> int:
    loaded = settings.load()
    _prepare(loaded)
    from pipelines import launch, summary

    with launch.session(loaded, OUTPUT) as session:
        session.rebuild(arguments.accept_loss)
        session.publish()
    summary.show(loaded.home, OUTPUT)
    return 0


def _doctor(arguments: argparse.Namespace) -> int:
    from pipelines import doctor

    wrong = 0
    for finding in doctor.examine():
        wrong += finding.is_wrong
        mark = "[red]mend[/red]" if finding.is_wrong else "[green]ok[/green]  "
        OUTPUT.print(mark, finding.what.ljust(20), end="  ", highlight=False)
        OUTPUT.print(finding.found, markup=False, highlight=False, soft_wrap=True)
        if finding.mend:
            OUTPUT.print("     ->", finding.mend, markup=False, highlight=False, soft_wrap=True)
    return 1 if wrong else 0


def _dev(arguments: argparse.Namespace) -> int:
    loaded = settings.load()
    _prepare(loaded)
    from dagster import DagsterInstance

    from pipelines import runs

    with DagsterInstance.get() as instance:
        runs.fail_orphans(instance)
    logging.getLogger("kesiapan").info("starting the Dagster UI")
    dagster = Path(sys.executable).with_name("dagster")
    os.chdir(ROOT)
    os.execv(dagster, [str(dagster), "dev", "-h", "127.0.0.1", "-p", str(arguments.port)])  # pyproject.toml names the code location


if __name__ == "__main__":
    sys.exit(main())
