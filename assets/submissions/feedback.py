"""What a sender is told: beside each file a workbook of its own rows in their own order, each with what became of it, why and how to mend it, and a
short text. Corrected and dropped in the inbox again, the workbook is a revision. Derived from the archive and the warehouse, so a run that was killed
before it told anybody is made good by the next."""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from assets.submissions import override
from assets.submissions.sheet import SHEET_STRIDE
from assets.submissions.submission import ALIASES, COLUMNS, REQUIRED
from expectations.intake import Reader, Unreadable, parse
from warehouse.archive import Archive, Artifact
from warehouse.files import identifier, write_atomically
from warehouse.registry import Feed

Status = Literal["diterima", "peringatan", "ditolak"]

HEADERS = {column: alias for alias, column in ALIASES.items()}
LABELS = HEADERS | {  # of what a rule shows and a sender did not write
    "guesses": "yang dibaca lain",
    "agency_candidates": "yang mirip",
    "evidence_from": "bukti sejak",
    "evidence_users": "dipakai untuk",
    "received_on": "diterima",
    "former_period": "periode sebelumnya",
    "copied": "yang sama",
    "sheet_answers": "jumlah jawaban",
}
TO_FILL_IN = {*REQUIRED, "explanation", "evidence_file", "evidence_date"}
VERDICT_HEADERS = ("status", "alasan", "cara_memperbaiki", "baris")
WIDTHS = {"alasan": 60, "cara_memperbaiki": 60, "explanation": 50, "evidence_file": 30}
FILLS: dict[Status, str] = {"diterima": "E2F0D9", "peringatan": "FFF2CC", "ditolak": "F8CBAD"}
ROWS_IN_TEXT = 50
LINE_POINTS = 14
ACCEPTED = "XLSX, XLSM, XLS, ODS atau CSV (koma, titik koma atau tab; UTF-8, UTF-16 atau Windows-1252), paling besar 50 MB, tanpa kata sandi"

# How to mend what breaks a rule of the suite `submission`, and evidence that does not hold.
REMEDIES = {
    "submission.government_known": "Tulis kode wilayah Kemendagri sebagai teks, misalnya 63 atau 63.10.",
    "submission.agency_known": "Tulis kode SKPD yang terdaftar pada pemerintah daerah itu, atau kosongkan bila untuk pemerintah daerah sendiri.",
    "submission.period_plausible": "Tulis triwulan yang sudah dimulai, misalnya 2026-Q2.",
    "submission.instrument_in_force": "Pilih instrumen yang berlaku pada periode itu: SPBE2018, SPBE2020 atau PEMDI2026.",
    "submission.indicator_known": "Tulis nomor indikator seperti pada instrumennya, misalnya 12 atau 35-2.",
    "submission.stage_allowed": "Tulis mandiri, dokumen, wawancara atau final.",
    "submission.act_sound": "Kosongkan kolom tindakan; penarikan dan koreksi hanya untuk nilai yang sudah ada.",
    "submission.value_in_scale": "Isi satu angka dalam skala instrumennya.",
    "submission.key_unique": "Sisakan satu baris untuk indikator ini, hapus baris lainnya.",
    "submission.dates_readable": "Tulis tanggal seperti 2026-09-30.",
    "submission.evidence_named": "Sebut nama berkas bukti, atau turunkan tingkatnya.",
    "submission.evidence_timely": "Sebut bukti dari masa yang dinilai, dengan tanggal dokumennya.",
    "submission.nothing_guessed": "Bila terbaca benar, tidak perlu apa-apa; bila tidak, tulis seperti pada templat.",
    "evidence.missing": "Kirim berkasnya dengan nama yang sama persis, dalam folder atau ZIP yang bernama seperti berkas penilaian.",
    "evidence.duplicate": "Kirim berkas bukti yang berbeda, atau sebut nama yang sama.",
    "evidence.expired": "Kirim bukti yang lebih baru.",
    "evidence.returned": "Kirim bukti yang sudah diperbaiki.",
}
EVIDENCE = {
    "missing": "tidak ada di antara berkas yang dikirim",
    "duplicate": "isinya sama dengan berkas bukti lain",
    "expired": "sudah kedaluwarsa",
    "returned": "dikembalikan oleh pemeriksa",
}
OPEN_AND_ASK = "Periksa kembali isian baris ini."


@dataclass(frozen=True)
class Finding:
    """A rule that a row breaks."""

    rule_id: str
    severity: str
    reason: str


@dataclass(frozen=True)
class Row:
    """A row as it was sent; `source_row` as `read_sheet` numbers it."""

    source_row: int
    cells: Mapping[str, str | None]
    findings: tuple[Finding, ...]
    rejected: bool

    @property
    def status(self) -> Status:
        return "ditolak" if self.rejected else "peringatan" if any(finding.severity == "warning" for finding in self.findings) else "diterima"

    @property
    def reasons(self) -> list[str]:
        return [finding.reason for finding in self.findings]

    @property
    def remedies(self) -> list[str]:
        rules = dict.fromkeys(finding.rule_id for finding in self.findings if finding.severity != "info")
        return [REMEDIES.get(rule, OPEN_AND_ASK) for rule in rules]


@dataclass(frozen=True)
class Feedback:
    """On one batch. `about_the_file` are findings on it as a whole; `refused` says that none of it was taken in; `mark` is what it is known by."""

    source_name: str
    mark: str
    received_at: datetime
    refused: bool
    about_the_file: tuple[str, ...]
    rows: tuple[Row, ...]


def bring_up(connection: duckdb.DuckDBPyConnection, archive: Archive, feed: Feed, reader: Reader, folder: Path, progress: Callable[[str], None]) -> int:
    """Write what is missing or behind in `folder`, for every file whose newest batch is in the warehouse. Returns for how many files."""
    about_evidence = _about_evidence(connection, feed)
    behind = [(name, batch_id) for name, batch_id in _current(connection, feed) if not told(folder, name, _mark(batch_id, about_evidence.get(batch_id, {})))]
    by_hash = {artifact.sha256: artifact for artifact in archive.artifacts(feed.id)} if behind else {}
    written = 0
    for name, batch_id in behind:
        feedback = of_batch(connection, archive, reader, by_hash, batch_id, about_evidence.get(batch_id, {}))
        if feedback is not None:
            write(folder, feedback)
            written += 1
            progress(f"{feed.id}: feedback on {name}: {_heading(feedback)[-1]}")
    return written


def _current(connection: duckdb.DuckDBPyConnection, feed: Feed) -> list[tuple[str, str]]:
    return connection.execute(
        "select source_name, batch_id from quality.current_batch where feed_id = $1 order by received_at, source_name", [feed.id]
    ).fetchall()


def told(folder: Path, source_name: str, mark: str) -> bool:
    """Whether the folder's feedback on a file is the one with this mark. The text is written last, and ends with it."""
    path = _text_path(folder, source_name)
    return path.exists() and path.read_text(encoding="utf-8").rstrip().endswith(mark)


def _mark(batch_id: str, about_evidence: Mapping[int, list[Finding]]) -> str:
    """What feedback is known by: the batch, and what the register said of its evidence, which goes on changing."""
    said = [finding.reason for row in sorted(about_evidence) for finding in about_evidence[row]]
    return f"Batch {batch_id}" + (f", bukti {identifier(*said)[:8]}" if said else "")


def _about_evidence(connection: duckdb.DuckDBPyConnection, feed: Feed) -> dict[str, dict[int, list[Finding]]]:
    """By batch and source row: named evidence that does not hold. As findings of no rule: the row is taken in all the same."""
    found: dict[str, dict[int, list[Finding]]] = {}
    for batch_id, source_row, name, status, reason in connection.execute(
        """
        select assessment.batch_id, assessment.source_row, evidence.file_name, evidence.status, evidence.reason
        from core.assessment as assessment
        inner join core.evidence as evidence using (evidence_id)
        where assessment.feed_id = $1 and list_contains($2, evidence.status)
        order by assessment.batch_id, assessment.source_row, evidence.item
        """,
        [feed.id, list(EVIDENCE)],
    ).fetchall():
        said = f"Bukti {name}: {EVIDENCE[status]}" + (f": {reason}" if reason else ".")
        found.setdefault(batch_id, {}).setdefault(source_row, []).append(Finding(f"evidence.{status}", "warning", said))
    return found


def of_batch(
    connection: duckdb.DuckDBPyConnection,
    archive: Archive,
    reader: Reader,
    artifacts: Mapping[str, Artifact],
    batch_id: str,
    about_evidence: Mapping[int, list[Finding]],
) -> Feedback | None:
    """None for what an assessor has set by command: whoever did was told there."""
    row = connection.execute("select source_name, artifact_sha256, received_at, status, message from meta.batch where batch_id = $1", [batch_id]).fetchone()
    assert row is not None
    source_name, sha256, received_at, status, message = row
    artifact = artifacts[sha256]
    if artifact.bytes < 2**16 and override.looks_like_one(archive.read(sha256)):
        return None
    refused = status == "rejected"
    parsed = parse(archive, reader, artifact)
    about = tuple(_about_the_file(connection, reader, batch_id))
    if isinstance(parsed, Unreadable):
        return Feedback(source_name, _mark(batch_id, {}), received_at, True, (f"Berkas tidak dapat dibaca: {parsed}", f"Yang diterima: {ACCEPTED}."), ())
    findings = _findings(connection, batch_id)
    rows = tuple(
        Row(
            source_row=cells["source_row"],
            cells={column: cells[column] for column in COLUMNS},
            findings=(*findings.get(cells["source_row"], ()), *about_evidence.get(cells["source_row"], ())),
            rejected=refused or any(finding.severity == "critical" for finding in findings.get(cells["source_row"], ())),
        )
        for cells in parsed.to_pylist()
    )
    return Feedback(source_name, _mark(batch_id, about_evidence), received_at, refused, about if about or not refused else (str(message),), rows)


def _about_the_file(connection: duckdb.DuckDBPyConnection, reader: Reader, batch_id: str) -> Iterator[str]:
    sentences = {rule.rule_id: rule.sentence_id for rule in reader.suite.rules}
    found = connection.execute(
        """
        select rule_id, observed_value from quality.expectation_result
        where batch_id = $1 and (scope = 'batch' and status in ('fail', 'warn') or status = 'error')
        order by rule_id
        """,
        [batch_id],
    ).fetchall()
    for rule_id, observed in found:
        yield sentences.get(rule_id, rule_id) + (f" [{observed}]" if observed else "")


def _findings(connection: duckdb.DuckDBPyConnection, batch_id: str) -> dict[int, list[Finding]]:
    """By source row."""
    found: dict[int, list[Finding]] = {}
    for row_key, rule_id, severity, reason in connection.execute(
        "select row_key, rule_id, severity, reason from quality.failed_row where batch_id = $1 order by severity <> 'critical', rule_id", [batch_id]
    ).fetchall():
        found.setdefault(int(row_key.rpartition(":")[2]), []).append(Finding(rule_id, severity, _in_senders_words(reason)))
    return found


def place(source_row: int) -> str:
    """Where a row stands, for people."""
    sheet, row = divmod(source_row, SHEET_STRIDE)
    return f"lembar ke-{sheet + 1} baris {row}" if sheet else str(row)


def _in_senders_words(reason: str) -> str:
    """Columns by their headers, rows by where they stand."""
    named = re.sub(r"(?<=\[)\w+(?= = )", lambda column: LABELS.get(column[0].removesuffix("_text"), column[0]), reason)
    return re.sub(r"(?<=\[baris lain: )\d+(?:, \d+)*", lambda rows: ", ".join(place(int(row)) for row in rows[0].split(", ")), named)


def write(folder: Path, feedback: Feedback) -> None:
    write_atomically(folder / _workbook_name(feedback.source_name), workbook(feedback))
    write_atomically(_text_path(folder, feedback.source_name), summary(feedback).encode())


def _workbook_name(source_name: str) -> str:
    return source_name if source_name.lower().endswith(".xlsx") else f"{source_name}.xlsx"


def _text_path(folder: Path, source_name: str) -> Path:
    return folder / f"{source_name}.txt"


def _heading(feedback: Feedback) -> list[str]:
    """Which file, when it came, and what became of its rows."""
    counts = Counter(row.status for row in feedback.rows)
    taken = f"{counts['diterima']} diterima, {counts['peringatan']} diterima dengan peringatan, {counts['ditolak']} ditolak"
    verdict = "seluruh berkas ditolak" if feedback.refused else taken
    return [f"Umpan balik atas {feedback.source_name}", f"Diterima {feedback.received_at:%Y-%m-%d %H:%M} UTC", f"{len(feedback.rows)} baris: {verdict}"]


def summary(feedback: Feedback) -> str:
    """A page of text. Its last line is the mark."""
    lines = _heading(feedback)
    lines += ["", *feedback.about_the_file] if feedback.about_the_file else []
    told = [row for row in feedback.rows if row.status != "diterima" and row.findings]
    for row in told[:ROWS_IN_TEXT]:
        lines += ["", f"Baris {place(row.source_row)}, indikator {row.cells['indicator_id'] or '(kosong)'}: {row.status}"]
        lines += [f"  {reason}" for reason in row.reasons] + [f"  Perbaikan: {remedy}" for remedy in row.remedies]
    if len(told) > ROWS_IN_TEXT:
        lines += ["", f"dan {len(told) - ROWS_IN_TEXT} baris lain, semuanya dalam {_workbook_name(feedback.source_name)}"]
    if any(row.status != "diterima" for row in feedback.rows):
        lines += ["", f"Perbaiki {_workbook_name(feedback.source_name)} di tempat barisnya dan kirim kembali: yang terakhir berlaku."]
    return "\n".join([*lines, "", feedback.mark, ""])


def workbook(feedback: Feedback) -> bytes:
    """XLSX: some lines on the file, then its rows under the contract's column names, which the reader of submissions finds again."""
    columns = [column for column in COLUMNS if column in TO_FILL_IN or any(row.cells[column] for row in feedback.rows)]
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("Umpan balik")  # a write-only sheet: a file of 500,000 rows needs no more memory than one of 50
    widths = [14, WIDTHS["alasan"], WIDTHS["cara_memperbaiki"], 10, *(WIDTHS.get(column, 16) for column in columns)]
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    lines = [*_heading(feedback), *feedback.about_the_file]
    if feedback.rows:
        lines.append("Perbaiki isian barisnya, simpan, dan kirim kembali berkas ini: yang terakhir berlaku.")
        header = len(lines) + 1
        sheet.freeze_panes = f"{get_column_letter(len(VERDICT_HEADERS) + 1)}{header + 1}"
        sheet.auto_filter.ref = f"A{header}:{get_column_letter(len(widths))}{header + len(feedback.rows)}"
    sheet.page_setup.orientation = "landscape"
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToHeight = 0
    style = _Style(sheet)
    for number, line in enumerate(lines):
        sheet.append([style.text(line, style.bold if number == 0 else None)])
    if feedback.rows:
        sheet.append([style.text(header, style.bold) for header in (*VERDICT_HEADERS, *(HEADERS[column] for column in columns))])
    for number, row in enumerate(feedback.rows, start=len(lines) + 2):
        sheet.row_dimensions[number].height = LINE_POINTS * max(_lines(row.reasons, WIDTHS["alasan"]), _lines(row.remedies, WIDTHS["cara_memperbaiki"]), 1)
        verdict = [row.status, "\n".join(row.reasons), "\n".join(row.remedies), place(row.source_row)]
        sheet.append(
            [style.text(text, fill=style.fills[row.status], wrap=True) for text in verdict]
            + [style.text(row.cells[column] or "", wrap=True) for column in columns]
        )
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _lines(texts: list[str], width: int) -> int:
    """How many lines wrapped texts take in a column of so many characters; spreadsheets do not reckon it when they open a file."""
    return sum(1 + len(text) // width for text in texts)


class _Style:
    """Cells of text. A cell that begins with = + - or @ stays text: it is written as a string, which no spreadsheet reckons."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet
        self._wrapped = Alignment(wrap_text=True, vertical="top")
        self.bold = Font(bold=True)
        self.fills = {status: PatternFill("solid", start_color=colour) for status, colour in FILLS.items()}

    def text(self, text: str, font: Font | None = None, fill: PatternFill | None = None, wrap: bool = False) -> Cell | None:
        if not text:
            return None
        cell: Cell = WriteOnlyCell(self._sheet, _ILLEGAL.sub("", text))
        cell.data_type = "s"
        if text[0] in "=+-@":
            cell.quotePrefix = True
        if font is not None:
            cell.font = font
        if fill is not None:
            cell.fill = fill
        if wrap:
            cell.alignment = self._wrapped
        return cell


_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
