"""What a sender is told: beside each file a workbook of its own rows in their own order, each with what became of it, why and how to mend it, and a
short text. Corrected and dropped in the inbox again, the workbook is a revision. Derived from the archive and the warehouse, so a run that was killed
before it told anybody is made good by the next."""

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

import duckdb
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from assets.submissions import override
from assets.submissions.sheet import SHEET_STRIDE, sheets_of
from assets.submissions.submission import ALIASES, COLUMNS, REQUIRED
from expectations.intake import Progress, Reader, Unreadable, parse
from warehouse.archive import Archive, Artifact
from warehouse.database import Warehouse
from warehouse.files import identifier, write_atomically
from warehouse.registry import Feed
from warehouse.workers import workers

Status = Literal["diterima", "peringatan", "ditolak"]

HEADERS = {column: alias for alias, column in ALIASES.items()}
LABELS = HEADERS | {  # of what a rule shows and a sender did not write
    "guesses": "yang dibaca lain",
    "surplus": "yang tidak pada kolomnya",
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
FILLS: dict[Status, str] = {"diterima": "#E2F0D9", "peringatan": "#FFF2CC", "ditolak": "#F8CBAD"}
ROWS_IN_TEXT = 50
LINE_POINTS = 14
LONGEST_CELL = 32_767
AT_ONCE = 400  # files whose findings are fetched from the warehouse together
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
    "submission.cells_under_headings": 'Tulis sel yang berisi koma di dalam tanda kutip, misalnya "2,75", atau kirim buku kerja (XLSX).',
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
    """On one batch. `about_the_file` are findings on it as a whole; `refused` says that none of it was taken in; `mark` is what it is known by; `sheets`
    are those that the rows are of."""

    source_name: str
    mark: str
    received_at: datetime
    refused: bool
    about_the_file: tuple[str, ...]
    rows: tuple[Row, ...]
    sheets: Sequence[str] = ()


def bring_up(warehouse: Warehouse, archive: Archive, feed: Feed, reader: Reader, folder: Path, progress: Progress) -> int:
    """Write what is missing or behind in `folder`, for every file whose newest batch is in the warehouse. Returns for how many files. The warehouse is
    closed while the files are written."""
    again = archive.again(feed.id)
    with warehouse.open_for_reading() as connection:
        about_evidence = _about_evidence(connection, feed)
        current = _current(connection, feed, again)
    behind = [(name, batch_id) for name, batch_id in current if not told(folder, name, _mark(batch_id, about_evidence.get(batch_id, {})))]
    artifacts = {artifact.sha256: artifact for artifact in archive.artifacts(feed.id)} if behind else {}
    by_name = {(artifact.source_name, artifact.sha256): artifact for artifact in (*artifacts.values(), *again)}
    written = 0
    with workers(len(behind)) as each:
        for start in range(0, len(behind), AT_ONCE):
            with warehouse.open_for_reading() as connection:
                judged = _judged(connection, reader, artifacts, by_name, about_evidence, behind[start : start + AT_ONCE])
            for one, verdict in zip(judged, each(partial(_tell, archive, reader, folder), judged), strict=True):
                if verdict is not None:
                    written += 1
                    same = f", which is the same file as {one.first.source_name}" if one.came_before else ""
                    progress(f"{feed.id}: feedback on {one.artifact.source_name}{same}: {verdict}")
    return written


@dataclass(frozen=True)
class _Judged:
    """What the warehouse knows of one batch. `artifact` is how its sender sent it, `first` how the same bytes first came."""

    batch_id: str
    artifact: Artifact
    first: Artifact
    refused: bool
    message: str | None
    about_the_file: tuple[str, ...]
    findings: Mapping[int, list[Finding]]  # by source row
    about_evidence: Mapping[int, list[Finding]]

    @property
    def came_before(self) -> bool:
        return self.artifact.source_name != self.first.source_name


def _tell(archive: Archive, reader: Reader, folder: Path, judged: _Judged) -> str | None:
    """Write feedback on one batch. Returns the verdict; None for what is nobody's to be told."""
    feedback = of_batch(archive, reader, judged)
    if feedback is None:
        return None
    if judged.came_before:
        same = f"Isinya sama dengan {judged.first.source_name}, yang diterima {judged.first.received_at:%Y-%m-%d %H:%M} UTC: tidak dinilai dua kali."
        feedback = replace(feedback, about_the_file=(same, *feedback.about_the_file))
    write(folder, feedback)
    return _heading(feedback)[-1]


def _current(connection: duckdb.DuckDBPyConnection, feed: Feed, again: Sequence[Artifact]) -> list[tuple[str, str]]:
    """The newest batch of each name, also of those under which a file came once more."""
    return connection.execute(
        """
        with again as (
            select unnest($names::varchar[]) as source_name, unnest($hashes::varchar[]) as artifact_sha256, unnest($times::timestamptz[]) as received_at
        ),

        received as (
            select source_name, batch_id, received_at, known_at from meta.batch where feed_id = $feed_id
            union all
            select again.source_name, batch.batch_id, again.received_at, batch.known_at
            from again
            inner join meta.batch as batch on batch.artifact_sha256 = again.artifact_sha256 and batch.feed_id = $feed_id
        )

        select source_name, batch_id
        from received
        qualify row_number() over (partition by source_name order by received_at desc, known_at desc, batch_id desc) = 1
        order by received_at, source_name
        """,
        {
            "feed_id": feed.id,
            "names": [artifact.source_name for artifact in again],
            "hashes": [artifact.sha256 for artifact in again],
            "times": [artifact.received_at for artifact in again],
        },
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


def _judged(
    connection: duckdb.DuckDBPyConnection,
    reader: Reader,
    artifacts: Mapping[str, Artifact],
    by_name: Mapping[tuple[str, str], Artifact],
    about_evidence: Mapping[str, dict[int, list[Finding]]],
    to_tell: Sequence[tuple[str, str]],
) -> list[_Judged]:
    """`to_tell` are names with their batch; `artifacts` go by hash, `by_name` by name and hash."""
    batch_ids = [batch_id for _, batch_id in to_tell]
    about, findings = _about_the_files(connection, reader, batch_ids), _findings(connection, batch_ids)
    rows = connection.execute("select batch_id, artifact_sha256, status, message from meta.batch where list_contains($1, batch_id)", [batch_ids]).fetchall()
    known = {batch_id: known_of_it for batch_id, *known_of_it in rows}
    judged = []
    for name, batch_id in to_tell:
        sha256, status, message = known[batch_id]
        judged.append(
            _Judged(
                batch_id=batch_id,
                artifact=by_name[name, sha256],
                first=artifacts[sha256],
                refused=status == "rejected",
                message=message,
                about_the_file=tuple(about.get(batch_id, ())),
                findings=findings.get(batch_id, {}),
                about_evidence=about_evidence.get(batch_id, {}),
            )
        )
    return judged


def of_batch(archive: Archive, reader: Reader, judged: _Judged) -> Feedback | None:
    """None for what an assessor has set by command: whoever did was told there."""
    artifact = judged.artifact
    if artifact.bytes < 2**16 and override.looks_like_one(archive.read(artifact.sha256)):
        return None
    parsed = parse(archive, reader, artifact)
    if isinstance(parsed, Unreadable):
        said = (f"Berkas tidak dapat dibaca: {parsed.indonesian}.", f"Yang diterima: {ACCEPTED}.")
        return Feedback(artifact.source_name, _mark(judged.batch_id, {}), artifact.received_at, True, said, ())
    sheets = sheets_of(parsed)
    found = {row: [replace(one, reason=_in_senders_words(one.reason, sheets)) for one in findings] for row, findings in judged.findings.items()}
    rows = tuple(
        Row(
            source_row=cells["source_row"],
            cells={column: cells[column] for column in COLUMNS},
            findings=(*found.get(cells["source_row"], ()), *judged.about_evidence.get(cells["source_row"], ())),
            rejected=judged.refused or any(finding.severity == "critical" for finding in judged.findings.get(cells["source_row"], ())),
        )
        for cells in parsed.to_pylist()
    )
    about = judged.about_the_file or ((str(judged.message),) if judged.refused else ())
    return Feedback(artifact.source_name, _mark(judged.batch_id, judged.about_evidence), artifact.received_at, judged.refused, about, rows, sheets)


def _about_the_files(connection: duckdb.DuckDBPyConnection, reader: Reader, batch_ids: list[str]) -> dict[str, list[str]]:
    """By batch: what was found of the file as a whole."""
    sentences = {rule.rule_id: rule.sentence_id for rule in reader.suite.rules}
    found: dict[str, list[str]] = {}
    for batch_id, rule_id, observed in connection.execute(
        """
        select batch_id, rule_id, observed_value from quality.expectation_result
        where list_contains($1, batch_id) and (scope = 'batch' and status in ('fail', 'warn') or status = 'error')
        order by batch_id, rule_id
        """,
        [batch_ids],
    ).fetchall():
        found.setdefault(batch_id, []).append(sentences.get(rule_id, rule_id) + (f" [{observed}]" if observed else ""))
    return found


def _findings(connection: duckdb.DuckDBPyConnection, batch_ids: list[str]) -> dict[str, dict[int, list[Finding]]]:
    """By batch and source row."""
    found: dict[str, dict[int, list[Finding]]] = {}
    for batch_id, row_key, rule_id, severity, reason in connection.execute(
        """
        select batch_id, row_key, rule_id, severity, reason from quality.failed_row
        where list_contains($1, batch_id)
        order by batch_id, severity <> 'critical', rule_id
        """,
        [batch_ids],
    ).fetchall():
        row = int(row_key.rpartition(":")[2])
        found.setdefault(batch_id, {}).setdefault(row, []).append(Finding(rule_id, severity, reason))
    return found


def place(source_row: int, sheets: Sequence[str]) -> str:
    """Where a row stands, for people. `sheets` are those that rows were read of."""
    sheet, row = divmod(source_row, SHEET_STRIDE)
    return f"lembar {sheets[sheet]} baris {row}" if len(sheets) > 1 else str(row)


def _in_senders_words(reason: str, sheets: Sequence[str]) -> str:
    """Columns by their headers, rows by where they stand."""
    named = re.sub(r"(?<=\[)\w+(?= = )", lambda column: LABELS.get(column[0].removesuffix("_text"), column[0]), reason)
    return re.sub(r"(?<=\[baris lain: )\d+(?:, \d+)*", lambda rows: ", ".join(place(int(row), sheets) for row in rows[0].split(", ")), named)


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
        where = place(row.source_row, feedback.sheets)
        lines += ["", f"{'Baris' if where.isdecimal() else 'Pada'} {where}, indikator {row.cells['indicator_id'] or '(kosong)'}: {row.status}"]
        lines += [f"  {reason}" for reason in row.reasons] + [f"  Perbaikan: {remedy}" for remedy in row.remedies]
    if len(told) > ROWS_IN_TEXT:
        lines += ["", f"dan {len(told) - ROWS_IN_TEXT} baris lain, semuanya dalam {_workbook_name(feedback.source_name)}"]
    if any(row.status != "diterima" for row in feedback.rows):
        lines += ["", f"Perbaiki {_workbook_name(feedback.source_name)} di tempat barisnya dan kirim kembali: yang terakhir berlaku."]
    return "\n".join([*lines, "", feedback.mark, ""])


def workbook(feedback: Feedback) -> bytes:
    """XLSX: some lines on the file, then its rows under the contract's column names, which the reader of submissions finds again."""
    columns = [column for column in COLUMNS if column in TO_FILL_IN or any(row.cells[column] for row in feedback.rows)]
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"constant_memory": True})  # a file of 500,000 rows needs no more memory than one of 50
    page = _Page(book)
    sheet = page.sheet
    for number, width in enumerate([14, WIDTHS["alasan"], WIDTHS["cara_memperbaiki"], 10, *(WIDTHS.get(column, 16) for column in columns)]):
        sheet.set_column(number, number, width)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    lines = [*_heading(feedback), *feedback.about_the_file]
    if feedback.rows:
        lines.append("Perbaiki isian barisnya, simpan, dan kirim kembali berkas ini: yang terakhir berlaku.")
        header = len(lines)
        sheet.freeze_panes(header + 1, len(VERDICT_HEADERS))
        sheet.autofilter(header, 0, header + len(feedback.rows), len(VERDICT_HEADERS) + len(columns) - 1)
    for number, line in enumerate(lines):
        page.write(number, 0, line, page.bold if number == 0 else page.plain)
    if feedback.rows:
        for place_of, title in enumerate((*VERDICT_HEADERS, *(HEADERS[column] for column in columns))):
            page.write(header, place_of, title, page.bold)
    for number, row in enumerate(feedback.rows, start=len(lines) + 1):
        sheet.set_row(number, LINE_POINTS * max(_lines(row.reasons, WIDTHS["alasan"]), _lines(row.remedies, WIDTHS["cara_memperbaiki"]), 1))
        for column, text in enumerate((row.status, "\n".join(row.reasons), "\n".join(row.remedies), place(row.source_row, feedback.sheets))):
            page.write(number, column, text, page.filled[row.status])
        for column, name in enumerate(columns, start=len(VERDICT_HEADERS)):
            page.write(number, column, row.cells[name] or "", page.wrapped)
    book.close()
    return buffer.getvalue()


def _lines(texts: list[str], width: int) -> int:
    """How many lines wrapped texts take in a column of so many characters; spreadsheets do not reckon it when they open a file."""
    return sum(1 + len(text) // width for text in texts)


class _Page:
    """A sheet of text. A cell that begins with = + - or @ stays text: it is written as a string, which no spreadsheet reckons."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.sheet: Worksheet = book.add_worksheet("Umpan balik")
        wrapped = {"text_wrap": True, "valign": "top"}
        self.plain, self.bold = book.add_format(), book.add_format({"bold": True})
        self.wrapped, self._quoted = book.add_format(wrapped), book.add_format(wrapped | {"quote_prefix": True})
        self.filled = {status: book.add_format(wrapped | {"bg_color": colour}) for status, colour in FILLS.items()}

    def write(self, row: int, column: int, text: str, look: Format) -> None:
        if text:
            clean = _ILLEGAL.sub("", text)[:LONGEST_CELL]
            self.sheet.write_string(row, column, clean, self._quoted if text[0] in "=+-@" else look)


_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
