"""Submissions in bulk, all generated and labelled so (government 99 does not exist): a CSV of half a million rows read and staged, in the contract's form
and as people write; and thousands of our own workbooks in one run, from the inbox to the core and back to their senders.
`python -m tests.bench.submissions` prints JSON lines and then a table; it measures and never fails.

Every case runs in a process of its own, so that the peak of memory is that case's. `--case` is such a process."""

import argparse
import cProfile
import io
import pstats
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import dagster as dg
import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from assets.submissions import submission, template
from assets.submissions.assets import build_submission_assets
from tests.bench import measure
from warehouse import database, migrations, reference
from warehouse.archive import Archive, Artifact
from warehouse.database import Warehouse
from warehouse.home import Home
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind, Government

GOVERNMENT = Government("99", "Pemerintah contoh (data buatan)", "Asia/Makassar")
RECEIVED = datetime(2026, 11, 2, tzinfo=UTC)
QUARTERS = [f"{year}-Q{quarter}" for year in range(2021, 2026) for quarter in range(1, 5)]
INDICATORS = 47  # of SPBE2020
AGENCIES = 250
RUNS = 3
ROWS_PER_S_BOUND = 100_000
WORKBOOKS_S_BOUND = 60
STEPS = {  # of the run: the function that does it
    "archive": ("assets/submissions/assets.py", "_arrive"),
    "parse": ("expectations/intake.py", "_parsed_chunks"),
    "stage": ("assets/submissions/submission.py", "stage_many"),
    "profile": ("expectations/drift.py", "profile"),
    "judge": ("expectations/gate.py", "judge_each"),
    "record": ("expectations/record.py", "write"),
    "promote": ("assets/submissions/submission.py", "promote_many"),
    "feedback": ("assets/submissions/feedback.py", "bring_up"),
}


@dataclass(frozen=True)
class Case:
    kind: str  # csv, workbooks, profile: workbooks under cProfile
    count: int  # rows of the CSV, or workbooks
    odd: bool = False  # cells as people write them

    @property
    def name(self) -> str:
        if self.kind == "csv":
            return f"CSV of {self.count:,} rows, {'as people write' if self.odd else 'in the contract form'}"
        return f"{self.count:,} workbooks of {INDICATORS} rows" + (", under cProfile" if self.kind == "profile" else "")


CASES = (Case("csv", 500_000), Case("csv", 500_000, odd=True), Case("workbooks", 2_000), Case("profile", 200))


def agency_codes() -> list[str]:
    return [f"A{number:03}" for number in range(1, AGENCIES + 1)]


def agency_name(code: str) -> str:
    return f"Dinas buatan {code}"


def csv_rows(rows: int, odd: bool) -> Iterator[str]:
    """Answers to SPBE2020 of many agencies, quarters and stages: no two of one key. Odd ones mean the same."""
    yield ",".join(submission.COLUMNS[:-1])
    codes, stages = agency_codes(), ("self", "document", "interview", "final")
    for number in range(rows):
        sheet, indicator = number // INDICATORS, number % INDICATORS + 1
        code, stage, period = codes[sheet // 80 % AGENCIES], stages[sheet % 4], QUARTERS[sheet // 4 % 20]
        level, day = 1 + (sheet + indicator) % 5, date(2021, 1, 1) + timedelta(days=number % 1800)
        if odd:
            said = f"{agency_name(code)},TW{period[6]} {period[:4]},59/2020,I{indicator},{stage.upper()},Lv {level}"
            yield f"99,{said},,{indicator}.pdf,{day:%d/%m/%Y},,{day:%d/%m/%Y} 08.00"
        else:
            yield f"99,{code},{period},SPBE2020,{indicator},{stage},{level},data buatan,{code}-{indicator}.pdf,{day},,{day}T08:00:00+08:00"


def workbooks(count: int) -> Iterator[tuple[str, bytes]]:
    """The template as an official fills it, for every agency and quarter in turn: filled in five ways by openpyxl, then agency and quarter put in."""
    with database.scratch() as connection:
        _load_reference(connection)
        blank = template.load(connection, instrument_id="SPBE2020", government_code="99", agency_code="A001", period="2021-Q1")
    filled = [_filled(template.write(blank), shift) for shift in range(5)]
    for number in range(count):
        code, period = agency_codes()[number % AGENCIES], QUARTERS[number // AGENCIES % len(QUARTERS)]
        yield f"{code}_{period}.xlsx", _renamed(filled[number % 5], code, period)


def _filled(data: bytes, shift: int) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(data))
    page: Worksheet = book.worksheets[0]
    for row in range(template.FIRST_ROW, template.FIRST_ROW + INDICATORS):
        given: dict[str, Any] = {
            "value": 1 + (row + shift) % 5,
            "explanation": f"data buatan A001 2021-Q1 {row}",
            "evidence_file": f"A001_{row}_1_buatan.pdf",
            "evidence_date": date(2021, 2, 1),
            "submitted_by": "data buatan",
            "submitted_at": date(2026, 10, 1),
        }
        for column, value in given.items():
            page[f"{template.LETTER[column]}{row}"] = value
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _renamed(data: bytes, code: str, period: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, part.replace(b"A001", code.encode()).replace(b"2021-Q1", period.encode()) if name.startswith("xl/") else part)
    return buffer.getvalue()


def _load_reference(connection: Any) -> None:
    migrations.apply(connection)
    reference.load(connection, (GOVERNMENT,))
    for code in agency_codes():
        connection.execute("insert into ref.agency by name select '99' as government_code, $1 as code, $2 as name, [] as aliases", [code, agency_name(code)])


def run_csv(case: Case) -> dict[str, Any]:
    """Parse and stage the same bytes several times."""
    data = "\n".join(csv_rows(case.count, case.odd)).encode()
    feed = Feed("inbox", FeedKind.SUBMISSION, GOVERNMENT, path=Path("none"), is_inbox=True)
    artifact = Artifact("0" * 64, len(data), "text/csv", feed.id, "buatan.csv", RECEIVED)
    made_mib = measure.peak_mib()
    parse_s, stage_s = [], []
    with database.scratch() as connection:
        _load_reference(connection)
        for _ in range(RUNS):
            start = time.perf_counter()
            parsed = submission.parse(data, artifact)
            parse_s.append(time.perf_counter() - start)
            start = time.perf_counter()
            submission.stage(connection, parsed, feed, artifact)
            stage_s.append(time.perf_counter() - start)
            del parsed
        found = connection.execute("select count(*), count(value), count(guesses), count(*) filter (where agency_known) from batch").fetchone()
    total = [sum(pair) for pair in zip(parse_s, stage_s, strict=True)]
    right = found == (case.count, case.count, case.count if case.odd else 0, case.count)
    return {
        "mib": round(len(data) / 2**20),
        "parse_s": round(median(parse_s), 3),
        "stage_s": round(median(stage_s), 3),
        "seconds": round(median(total), 3),
        "spread_s": [round(min(total), 3), round(max(total), 3)],
        "rows_per_s": round(case.count / median(total)),
        "rows_per_s_best": round(case.count / min(total)),
        "generated_mib": round(made_mib),
        "peak_mib": round(measure.peak_mib()),
        "right": right,
    }


def run_workbooks(case: Case) -> dict[str, Any]:
    """Put them into an inbox and materialise its asset, as a run does: archived, parsed, staged, judged, promoted, their senders told, the inbox emptied."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        warehouse, archive = Warehouse(home.warehouse), Archive(home.archive)
        with warehouse.open_for_writing() as connection:
            _load_reference(connection)
        home.inbox.mkdir(parents=True)
        for name, data in workbooks(case.count):
            (home.inbox / name).write_bytes(data)
        made_mib = measure.peak_mib()
        feed = Feed("inbox", FeedKind.SUBMISSION, GOVERNMENT, path=home.inbox / "*", is_inbox=True)
        (asset,) = build_submission_assets([feed])
        resources = {"warehouse": warehouse, "archive": archive, "lake": Lake(home.lake), "home": home, "clock": lambda: datetime.now(UTC)}

        def one_run() -> None:
            runs.append(dg.materialize([asset], resources=resources))

        runs: list[dg.ExecuteInProcessResult] = []
        profile = cProfile.Profile()
        if case.kind == "profile":
            profile.enable()
        seconds = measure.seconds(one_run)
        profile.disable()
        (made,) = runs[0].get_asset_materialization_events()
        done = {name: entry.value for name, entry in made.materialization.metadata.items()}
        told = sum(1 for file in home.feedback.iterdir() if file.suffix == ".xlsx")
        rows = case.count * INDICATORS
        return {
            "seconds": round(seconds, 3),
            "rows": rows,
            "rows_per_s": round(rows / seconds),
            "ms_per_workbook": round(1000 * seconds / case.count, 1),
            "split": _split(profile, seconds) if case.kind == "profile" else None,
            "generated_mib": round(made_mib),
            "peak_mib": round(measure.peak_mib()),
            "right": (done["read"], done["added"], done["rejected"], told) == (rows, rows, 0, case.count) and not any(home.inbox.iterdir()),
        }


def _split(profile: cProfile.Profile, seconds: float) -> dict[str, float]:
    """Share of the time in each step and all it calls; `read cells` is within `stage`."""
    spent = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    return {
        step: round(sum(timing[3] for (path, _, name), timing in spent.items() if path.endswith(file) and name == function) / seconds, 3)
        for step, (file, function) in STEPS.items()
    }


def table(measured: list[tuple[Case, dict[str, Any]]]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(title="Submissions; generated data")
    for heading in ("case", "s", "rows/s", "of which", "peak MiB (before)", "rows", "bounds"):
        shown.add_column(heading, justify="left" if heading in ("case", "of which", "bounds") else "right")
    for case, line in measured:
        parts = line.get("split") or {step: line[step] for step in ("parse_s", "stage_s", "ms_per_workbook") if step in line}
        bound = f"rows/s >= {ROWS_PER_S_BOUND:,}: {'ok' if line['rows_per_s'] >= ROWS_PER_S_BOUND else 'UNDER'}" if case.kind == "csv" else "-"
        if case == CASES[2]:
            bound = f"s <= {WORKBOOKS_S_BOUND}: {'ok' if line['seconds'] <= WORKBOOKS_S_BOUND else 'OVER'}"
        shown.add_row(
            case.name,
            f"{line['seconds']:.2f}",
            f"{line['rows_per_s']:,}",
            "\n".join(f"{step} {f'{part:.0%}' if line.get('split') else part}" for step, part in parts.items()),
            f"{line['peak_mib']} ({line['generated_mib']})",
            "right" if line["right"] else "WRONG",
            bound,
        )
    Console(width=None if sys.stdout.isatty() else 160).print(shown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workbooks", type=int, default=2_000, help="how many workbooks to take in (default: %(default)s)")
    parser.add_argument("--case", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    cases = [Case("workbooks", arguments.workbooks) if case.kind == "workbooks" else case for case in CASES]
    if arguments.case is not None:
        case = cases[arguments.case]
        run = run_csv if case.kind == "csv" else run_workbooks
        measure.emit({"bench": "submissions", "case": case.name} | run(case))
        return 0

    measured = []
    for number, case in enumerate(cases):
        if line := measure.in_own_process("submissions", case.name, "--workbooks", str(arguments.workbooks), "--case", str(number)):
            measured.append((case, line))
    table(measured)
    return 0


if __name__ == "__main__":
    sys.exit(main())
