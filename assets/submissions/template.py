"""The workbook that an official fills: a row for each indicator, prefilled, locked but for the inputs, and telling what is still missing. What comes
back is read by `sheet.py`. Which indicators, levels and agencies there are is reference data; only wording and layout stand here."""

import difflib
import io
import re
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

import duckdb
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import Rule
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from assets.submissions.submission import ALIASES
from warehouse import period as quarter
from warehouse.files import identifier

Language = Literal["id", "en"]

STAGES = ("self", "document", "interview", "final")
GOVERNMENT_ITSELF = "-"
NEAR = 0.6
NEAREST_SHOWN = 3


@dataclass(frozen=True)
class Level:
    """A level of maturity, in the template's language."""

    level: int
    name: str
    meaning: str


@dataclass(frozen=True)
class Indicator:
    """`domain` is empty where the instrument has none."""

    component_id: str
    name: str
    aspect: str
    domain: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Template:
    """All that a workbook says. `fingerprint` changes when the instrument's indicators, weights, scale or levels do."""

    instrument_id: str
    instrument_name: str
    fingerprint: str
    value_min: int
    value_max: int
    value_den: int
    government_code: str
    government_name: str
    agency_code: str
    agency_name: str
    period: str
    stage: str
    language: Language
    indicators: tuple[Indicator, ...]


# What it says: out of the reference data.


def load(
    connection: duckdb.DuckDBPyConnection,
    *,
    instrument_id: str,
    government_code: str,
    agency_code: str,
    period: str,
    stage: str = "self",
    language: Language = "id",
    indicators: Collection[str] | None = None,
) -> Template:
    """The template out of `ref.*`; `indicators` are those the agency holds, all if None. Agency '-' is the government itself.

    Raises LookupError, saying what is accepted, for what the reference data do not know, and NotAPeriod."""
    if stage not in STAGES:
        raise LookupError(f"no stage '{stage}'; accepted: {', '.join(STAGES)}")
    instruments = {
        str(row[0]): row[1:]
        for row in connection.execute(
            f"select instrument_id, name_{language}, value_min, value_max, value_den, valid_from, valid_to from ref.instrument order by valid_from"
        ).fetchall()
    }
    if instrument_id not in instruments:
        raise LookupError(f"no instrument '{instrument_id}'; accepted: {', '.join(instruments)}")
    name, value_min, value_max, value_den, *_ = instruments[instrument_id]
    _check_in_force(instrument_id, period, {known: (row[4], row[5]) for known, row in instruments.items()})
    return Template(
        instrument_id=instrument_id,
        instrument_name=str(name),
        fingerprint=fingerprint(connection, instrument_id),
        value_min=int(value_min),
        value_max=int(value_max),
        value_den=int(value_den),
        government_code=government_code,
        government_name=(government_name := _government_name(connection, government_code)),
        agency_code=agency_code,
        agency_name=government_name if agency_code == GOVERNMENT_ITSELF else _agency_name(connection, government_code, government_name, agency_code),
        period=period,
        stage=stage,
        language=language,
        indicators=_chosen(instrument_id, _indicators(connection, instrument_id, language), indicators),
    )


def fingerprint(connection: duckdb.DuckDBPyConnection, instrument_id: str) -> str:
    """Of the instrument as the warehouse has it now: scale, validity, components with names and weights, levels with meanings. Not of sources."""
    tables = (
        "select * exclude (source) from ref.instrument where instrument_id = $1",
        "select * exclude (source) from ref.component where instrument_id = $1 order by level, ordinal, component_id",
        "select * exclude (source) from ref.level where instrument_id = $1 order by capability, level::integer",
    )
    rows = [row for query in tables for row in connection.execute(f"select row_to_json(entry)::varchar from ({query}) as entry", [instrument_id]).fetchall()]
    return identifier(*(str(row[0]) for row in rows))


def _check_in_force(instrument_id: str, period: str, spans: dict[str, tuple[date, date | None]]) -> None:
    """An instrument is in force in a quarter if it is on one of its days, as the rule `submission.instrument_in_force` has it."""
    first, last = quarter.first_day(period), quarter.last_day(period)
    in_force = [known for known, (since, until) in spans.items() if since <= last and (until is None or until >= first)]
    if instrument_id not in in_force:
        since, until = spans[instrument_id]
        span = f"from {since} on" if until is None else f"from {since} to {until}"
        raise LookupError(f"{instrument_id} is not in force in {period}: it is valid {span}; accepted for {period}: {', '.join(in_force) or 'none'}")


def _government_name(connection: duckdb.DuckDBPyConnection, code: str) -> str:
    known = connection.execute("select code, name, aliases from ref.government order by code").fetchall()
    for row in known:
        if row[0] == code:
            return str(row[1])
    raise LookupError(f"no government '{code}'{_nearest(code, known)}; accepted: a code of the Ministry of Home Affairs, such as 63 or 63.10")


def _agency_name(connection: duckdb.DuckDBPyConnection, government_code: str, government_name: str, code: str) -> str:
    known = connection.execute("select code, name, aliases from ref.agency where government_code = $1 order by code", [government_code]).fetchall()
    for row in known:
        if row[0] == code:
            return str(row[1])
    government = f"{government_code} {government_name}"
    if not known:
        raise LookupError(f"no agency '{code}': no agency of {government} is known; accepted: {GOVERNMENT_ITSELF} (the government itself)")
    codes = ", ".join(str(row[0]) for row in known)
    raise LookupError(f"no agency '{code}' in {government}{_nearest(code, known)}; accepted: {GOVERNMENT_ITSELF} (the government itself), {codes}")


def _nearest(sought: str, known: Sequence[tuple[str, str, list[str]]]) -> str:
    """The entries whose code, name or other name is most like what was sought."""
    text = sought.casefold()
    likeness = [
        (max(difflib.SequenceMatcher(None, text, each.casefold()).ratio() for each in (code, name, *aliases)), code, name) for code, name, aliases in known
    ]
    best = sorted((entry for entry in likeness if entry[0] >= NEAR), key=lambda entry: (-entry[0], entry[1]))[:NEAREST_SHOWN]
    return f" (nearest: {', '.join(f'{code} {name}' for _, code, name in best)})" if best else ""


def _indicators(connection: duckdb.DuckDBPyConnection, instrument_id: str, language: Language) -> list[Indicator]:
    levels: dict[str | None, list[Level]] = {}
    for capability, *level in connection.execute(
        f"select capability, level::integer, name_{language}, meaning_{language} from ref.level where instrument_id = $1 order by 1, 2", [instrument_id]
    ).fetchall():
        levels.setdefault(capability, []).append(Level(*level))
    rows = connection.execute(
        f"""
        select indicator.component_id, indicator.name_{language}, aspect.name_{language}, domain.name_{language}, indicator.capability
        from ref.component as indicator
        left join ref.component as aspect on aspect.instrument_id = indicator.instrument_id and aspect.component_id = indicator.parent_id
        left join ref.component as domain on domain.instrument_id = aspect.instrument_id and domain.component_id = aspect.parent_id
        where indicator.instrument_id = $1 and indicator.level = 'indicator'
        order by indicator.ordinal
        """,
        [instrument_id],
    ).fetchall()
    found = []
    for component_id, name, aspect, domain, capability in rows:
        if capability not in levels:
            raise LookupError(f"ref.level has no levels for indicator {component_id} of {instrument_id} (capability {capability or 'empty'})")
        found.append(Indicator(component_id, name, aspect or "", domain or "", tuple(levels[capability])))
    return found


def _chosen(instrument_id: str, known: list[Indicator], wanted: Collection[str] | None) -> tuple[Indicator, ...]:
    """In the instrument's order."""
    accepted = ", ".join(indicator.component_id for indicator in known)
    if wanted is None:
        return tuple(known)
    if unknown := sorted(set(wanted) - {indicator.component_id for indicator in known}):
        raise LookupError(f"no indicator {', '.join(unknown)} in {instrument_id}; accepted: {accepted}")
    if not wanted:
        raise LookupError(f"no indicator of {instrument_id} is named; accepted: one or more of {accepted}")
    return tuple(indicator for indicator in known if indicator.component_id in wanted)


# How it says it: wording.


@dataclass(frozen=True)
class _Wording:
    """Texts of one language; `{...}` are filled in by `_say`."""

    sheets: tuple[str, str, str]
    stages: dict[str, str]
    months: tuple[str, str, str, str]
    headline: str
    whose: str
    version: str
    incomplete: str
    of: str
    complete_all: str
    hint: str
    labels: dict[str, str]
    extra_headers: dict[str, str]
    value: str
    explanation: str
    evidence: str
    complete: str
    between: str
    whole: str
    decimals: str
    value_title: str
    value_error: str
    value_prompt_more: str
    date_title: str
    date_error: str
    evidence_title: str
    evidence_prompt: str
    codes: str
    indicators: str
    to: str
    level_headers: tuple[str, str, str, str]
    levels_title: str
    page: str
    instructions: tuple[tuple[str, str], ...]


INDONESIAN = _Wording(
    sheets=("Penilaian", "Petunjuk", "Tingkat"),
    stages={"self": "Penilaian mandiri", "document": "Penilaian dokumen", "interview": "Penilaian interviu", "final": "Penilaian akhir"},
    months=("Januari–Maret", "April–Juni", "Juli–September", "Oktober–Desember"),
    headline="{stage}: {instrument}",
    whose="{who} · periode {period} ({months})",
    version="Versi instrumen: {instrument_id} · sidik {fingerprint}",
    incomplete="Belum lengkap: ",
    of=" dari ",
    complete_all="Semua lengkap: siap dikirim",
    hint="Isi sel kuning saja. Sel lain terkunci. Cara mengisi dan arti tingkat: lembar Petunjuk.",
    labels={
        "indicator_id": "No.",
        "name": "Indikator yang dinilai",
        "aspect": "Aspek",
        "value": "Nilai (tingkat)",
        "meaning": "Arti tingkat yang dipilih",
        "explanation": "Penjelasan: apa yang sudah ada, dan di pasal atau halaman mana bukti menunjukkannya",
        "evidence_file": "Nama berkas bukti",
        "evidence_date": "Tanggal dokumen bukti",
        "missing": "Yang masih kurang",
        "submitted_by": "Nama yang mengisi",
        "submitted_at": "Tanggal dikirim",
    },
    extra_headers={"name": "nama_indikator", "aspect": "aspek", "meaning": "arti_tingkat", "missing": "yang_masih_kurang"},
    value="nilai",
    explanation="penjelasan",
    evidence="bukti",
    complete="lengkap",
    between="Antara {low} dan {high}",
    whole="bilangan bulat {low} sampai {high}",
    decimals="{low},00 sampai {high},00, paling banyak dua desimal",
    value_title="Tingkat",
    value_error="Isi {scale}.",
    value_prompt_more="Arti lengkap: lembar Petunjuk",
    date_title="Tanggal",
    date_error="Isi tanggal yang sudah lewat, misalnya 2026-05-30.",
    evidence_title="Nama berkas bukti",
    evidence_prompt="Persis seperti nama berkasnya, misalnya 12_1_SK-Tim-Koordinasi.pdf. Lebih dari satu: pisahkan dengan titik koma.",
    codes="Kode untuk sistem: jangan diubah",
    indicators="Indikator {which}",
    to=" s.d. ",
    level_headers=("Berlaku untuk", "Tingkat", "Nama tingkat", "Arti"),
    levels_title="Tingkat dan artinya: {instrument}",
    page="halaman",
    instructions=(
        ("title", "Petunjuk pengisian"),
        ("text", "{who}. {stage}, {instrument}, periode {period} ({months}). Jumlah indikator: {count}."),
        ("head", "1. Apa yang diisi"),
        ("text", "Isi lembar Penilaian, satu baris untuk satu indikator. Hanya sel kuning yang dapat diisi; sel lain terkunci."),
        (
            "nilai",
            "Wajib. {Scale}. Pilih tingkat tertinggi yang seluruh syaratnya sudah terpenuhi. Artinya muncul di sebelahnya. "
            "Belum dinilai: kosongkan. Kosong tidak dihitung nol.",
        ),
        ("penjelasan", "Wajib bila tingkat di atas {low}. Apa yang sudah ada, dan di pasal atau halaman mana bukti menunjukkannya."),
        ("bukti", "Wajib bila tingkat di atas {low}. Nama berkas bukti; lihat bagian 3."),
        ("tanggal_bukti", "Tanggal dokumen bukti, misalnya 2026-05-30."),
        ("pengirim, tanggal_kirim", "Nama Anda dan tanggal mengirim. Isi pada baris pertama, lalu salin ke bawah. Nama tidak diterbitkan."),
        ("head", "2. Arti tingkat"),
        ("levels", ""),
        ("head", "3. Bukti"),
        ("text", "Bentuk: PDF bertanda tangan, XLSX, DOCX, atau gambar layar yang memperlihatkan alamat situs dan tanggal. Satu dokumen satu berkas."),
        ("text", "Nama berkas: nomor indikator, nomor urut, isi. Contoh: 12_1_SK-Tim-Koordinasi.pdf. Tulis nama yang sama persis pada kolom bukti."),
        ("text", "Lebih dari satu berkas untuk satu indikator: tulis semua namanya, pisahkan dengan titik koma."),
        ("text", "Berkas untuk satu tingkat saja: dahului tingkatnya, misalnya L2: draf.pdf; L3: perbup.pdf."),
        ("text", "Suatu tingkat terbukti bila semua tingkat di bawahnya juga terbukti."),
        ("text", "Kirim berkas-berkas bukti dalam satu folder atau satu ZIP yang namanya sama dengan nama berkas ini."),
        ("head", "4. Sebelum mengirim"),
        ("text", "Kolom “Yang masih kurang” berisi “lengkap” pada baris yang sudah selesai. Jumlah yang belum ada di kiri atas lembar Penilaian."),
        (
            "text",
            "Jangan menambah atau menghapus baris dan jangan mengganti nama kolom. Menyalin dari berkas lain: tempel nilainya saja (Paste Special, Values).",
        ),
        ("text", "Simpan sebagai XLSX, dengan Excel atau LibreOffice, tanpa kata sandi."),
        ("head", "5. Ke mana dikirim"),
        ("text", "Kirim berkas ini beserta berkas bukti kepada pengelola Kesiapan yang memberikannya kepada Anda, dengan jalan yang sama."),
        ("head", "6. Sesudah dikirim"),
        ("text", "Berkas disimpan apa adanya. Tiap baris diperiksa: baris yang benar diterima, baris yang salah disisihkan dan alasannya disampaikan."),
        ("text", "Baris tanpa tingkat, penjelasan dan bukti dilewati: indikatornya tetap “belum dinilai”. Penjelasan atau bukti tanpa tingkat disisihkan."),
        ("text", "Ada yang perlu diperbaiki: betulkan berkas ini dan kirim lagi. Yang terakhir berlaku; yang lama tetap tersimpan."),
        ("text", "Hasilnya untuk pemantauan di dalam pemerintah daerah, bukan hasil evaluasi resmi dari Kementerian PANRB."),
        ("head", "7. Versi instrumen"),
        ("text", "{instrument_id}: {instrument}. Sidik {fingerprint}: berubah bila indikator, bobot atau tingkat instrumen berubah. Jangan dihapus."),
    ),
)

ENGLISH = _Wording(
    sheets=("Assessment", "Instructions", "Levels"),
    stages={"self": "Self-assessment", "document": "Document assessment", "interview": "Interview assessment", "final": "Final assessment"},
    months=("January–March", "April–June", "July–September", "October–December"),
    headline="{stage}: {instrument}",
    whose="{who} · period {period} ({months})",
    version="Version of the instrument: {instrument_id} · fingerprint {fingerprint}",
    incomplete="Not complete: ",
    of=" of ",
    complete_all="All complete: ready to send",
    hint="Fill in the yellow cells only. The others are locked. How to fill them in, and what levels mean: sheet Instructions.",
    labels={
        "indicator_id": "No.",
        "name": "What is assessed",
        "aspect": "Aspect",
        "value": "Value (level)",
        "meaning": "What the chosen level means",
        "explanation": "Explanation: what is there, and which article or page of the evidence shows it",
        "evidence_file": "Name of the evidence file",
        "evidence_date": "Date of the evidence",
        "missing": "Still missing",
        "submitted_by": "Filled in by",
        "submitted_at": "Sent on",
    },
    extra_headers={"name": "indicator_name", "aspect": "aspect", "meaning": "level_meaning", "missing": "still_missing"},
    value="value",
    explanation="explanation",
    evidence="evidence",
    complete="complete",
    between="Between {low} and {high}",
    whole="a whole number from {low} to {high}",
    decimals="{low}.00 to {high}.00, at most two decimals",
    value_title="Level",
    value_error="Enter {scale}.",
    value_prompt_more="In full: sheet Instructions",
    date_title="Date",
    date_error="Enter a date that has passed, such as 2026-05-30.",
    evidence_title="Name of the evidence file",
    evidence_prompt="Exactly as the file is called, such as 12_1_Decree-coordination-team.pdf. More than one: separate them by semicolons.",
    codes="Codes for the system: do not change",
    indicators="Indicators {which}",
    to=" to ",
    level_headers=("Applies to", "Level", "Name", "Meaning"),
    levels_title="Levels and what they mean: {instrument}",
    page="page",
    instructions=(
        ("title", "How to fill in this workbook"),
        ("text", "{who}. {stage}, {instrument}, period {period} ({months}). Number of indicators: {count}."),
        ("head", "1. What to fill in"),
        ("text", "Fill in sheet Assessment, one row for each indicator. Only the yellow cells can be filled in; the others are locked."),
        (
            "value",
            "Required. {Scale}. Choose the highest level of which every condition is met. What it means appears beside it. "
            "Not assessed yet: leave it empty. Empty does not count as zero.",
        ),
        ("explanation", "Required above level {low}. What is there, and which article or page of the evidence shows it."),
        ("evidence_file", "Required above level {low}. Name of the evidence file; see section 3."),
        ("evidence_date", "Date of the evidence document, such as 2026-05-30."),
        ("submitted_by, submitted_at", "Your name, and the day of sending. Fill in the first row and copy it down. Names are not published."),
        ("head", "2. What the levels mean"),
        ("levels", ""),
        ("head", "3. Evidence"),
        ("text", "Form: signed PDF, XLSX, DOCX, or a screenshot that shows the address of the site and the date. One file for each document."),
        ("text", "Name of a file: indicator, serial number, content. Example: 12_1_Decree-coordination-team.pdf. Write the very same name in the sheet."),
        ("text", "More than one file for an indicator: write all their names, separated by semicolons."),
        ("text", "A file for one level only: put the level before it, such as L2: draft.pdf; L3: regulation.pdf. A level is evidenced only with all below it."),
        ("text", "Send the evidence files in one folder or one ZIP that has the same name as this file."),
        ("head", "4. Before you send it"),
        ("text", "Column “Still missing” says “complete” where a row is done. How many are not is told at the top left of sheet Assessment."),
        ("text", "Add or delete no rows and rename no columns. Copying from another file: paste values only (Paste Special, Values)."),
        ("text", "Save it as XLSX, with Excel or LibreOffice, without a password."),
        ("head", "5. Where to send it"),
        ("text", "Send this file and the evidence files to whoever runs Kesiapan and gave it to you, the same way."),
        ("head", "6. What happens then"),
        ("text", "The file is kept as it is. Every row is checked: right rows are taken in, wrong rows are set aside and you are told why."),
        ("text", "Rows without level, explanation and evidence are passed over: not assessed. Explanation or evidence without a level is set aside."),
        ("text", "Something to mend: correct this file and send it again. The last word counts; earlier ones are kept."),
        ("text", "The result is for monitoring within the government, not a result of the ministry's official evaluation."),
        ("head", "7. Version of the instrument"),
        ("text", "{instrument_id}: {instrument}. Fingerprint {fingerprint}: changes when its indicators, weights or levels do. Do not delete it."),
    ),
)

WORDING: dict[Language, _Wording] = {"id": INDONESIAN, "en": ENGLISH}


def _say(template: Template, text: str) -> str:
    words = WORDING[template.language]
    scale = (words.whole if template.value_den == 1 else words.decimals).format(low=template.value_min, high=template.value_max)
    government = f"{template.government_name} ({template.government_code})"
    return text.format(
        who=government if template.agency_code == GOVERNMENT_ITSELF else f"{template.agency_name} ({template.agency_code}) · {government}",
        instrument=template.instrument_name,
        instrument_id=template.instrument_id,
        fingerprint=template.fingerprint,
        period=template.period,
        months=words.months[int(template.period[-1]) - 1],
        stage=words.stages[template.stage],
        count=len(template.indicators),
        low=template.value_min,
        scale=scale,
        Scale=scale[0].upper() + scale[1:],
    )


# How it looks.

WIDTHS = {
    "indicator_id": 9.5,
    "name": 31,
    "aspect": 23,
    "value": 9,
    "meaning": 33,
    "explanation": 42,
    "evidence_file": 27,
    "evidence_date": 14,
    "missing": 20,
    "submitted_by": 18,
    "submitted_at": 14,
    "government_code": 12,
    "agency_code": 11,
    "period": 10,
    "instrument_id": 12,
    "stage": 8,
}
COLUMNS = tuple(WIDTHS)
INPUTS = ("value", "explanation", "evidence_file", "evidence_date", "submitted_by", "submitted_at")
HELPS = ("meaning", "missing")
CODES = ("government_code", "agency_code", "period", "instrument_id", "stage")
LETTER = {column: get_column_letter(number) for number, column in enumerate(COLUMNS, start=1)}
INDONESIAN_HEADER = {column: alias for alias, column in ALIASES.items()}

COUNT_ROW, LABEL_ROW, HEADER_ROW = 4, 5, 6
FIRST_ROW = HEADER_ROW + 1
LEVEL_FIRST_ROW = 4
LINE_PT = 13.5
FEWEST_LINES = 2
LETTERS_PER_DIGIT = 1.1
PROMPT_LONGEST, TITLE_LONGEST = 255, 32  # Excel calls a workbook with longer ones damaged
A4 = 9
EARLIEST_DATE = "36526"  # 2000-01-01

FONT = "Calibri"
BODY = Font(name=FONT, size=10)
BOLD = Font(name=FONT, size=10, bold=True)
STRONG = Font(name=FONT, size=11, bold=True)
TITLE = Font(name=FONT, size=14, bold=True, color="1F3864")
SMALL = Font(name=FONT, size=9, color="595959")
WHITE = Font(name=FONT, size=10, bold=True, color="FFFFFF")
DARK, GREY, PALE = PatternFill("solid", fgColor="1F3864"), PatternFill("solid", fgColor="D9D9D9"), PatternFill("solid", fgColor="F2F2F2")
YELLOW, DEEP_YELLOW = PatternFill("solid", fgColor="FFF9DB"), PatternFill("solid", fgColor="FFD966")
AMBER, GREEN = PatternFill("solid", bgColor="F8CBAD"), PatternFill("solid", bgColor="C6E0B4")  # of conditional formats: bgColor
THIN, THICK = Side("thin", color="BFBFBF"), Side("medium", color="595959")
WRAPPED = Alignment(wrap_text=True, vertical="center")
FROM_TOP = Alignment(wrap_text=True, vertical="top")
CENTRED = Alignment(wrap_text=True, vertical="center", horizontal="center")
UNLOCKED = Protection(locked=False)
FORMULA_STARTS = ("=", "+", "-", "@")


def write(template: Template) -> bytes:
    """The workbook as XLSX: the same template gives the same bytes."""
    words = WORDING[template.language]
    book = Workbook()
    blocks = _blocks(template)
    assessment = book.worksheets[0]
    assessment.title = words.sheets[0]
    _write_assessment(assessment, template, blocks)
    _write_instructions(book.create_sheet(words.sheets[1]), template, blocks)
    _write_levels(book.create_sheet(words.sheets[2]), template, blocks)
    for sheet in book.worksheets:
        _protect(sheet)
        _set_up_print(sheet, template, "portrait" if sheet.title == words.sheets[1] else "landscape")
    book.properties.title = _say(template, words.headline)
    book.properties.creator = "Kesiapan"
    for name in ("instrument_id", "fingerprint", "government_code", "agency_code", "period", "stage"):
        book.custom_doc_props.append(StringProperty(name=f"kesiapan_{name}", value=getattr(template, name)))  # type: ignore[attr-defined]
    book.calculation.fullCalcOnLoad = True
    buffer = io.BytesIO()
    book.save(buffer)
    return _settled(buffer.getvalue())


@dataclass(frozen=True)
class _Block:
    """Indicators that share their levels, and where sheet `Tingkat` has these."""

    levels: tuple[Level, ...]
    which: str
    first_row: int

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.levels) - 1


def _blocks(template: Template) -> list[_Block]:
    members: dict[tuple[Level, ...], list[str]] = {}
    for indicator in template.indicators:
        members.setdefault(indicator.levels, []).append(indicator.component_id)
    blocks = []
    row = LEVEL_FIRST_ROW
    words = WORDING[template.language]
    for levels, ids in members.items():
        blocks.append(_Block(levels, words.indicators.format(which=", ".join(_runs(ids, words.to))), row))
        row += len(levels)
    return blocks


def _runs(ids: Sequence[str], to: str) -> Iterator[str]:
    """'1', '2', '3', '7', '35-2' as '1 to 3', '7', '35-2'."""
    numbered = list(enumerate(ids))
    for _, run in groupby(numbered, key=lambda entry: int(entry[1]) - entry[0] if entry[1].isdigit() else entry[1]):
        members = [name for _, name in run]
        yield members[0] if len(members) == 1 else f"{members[0]}{to}{members[-1]}"


def _write_assessment(sheet: Worksheet, template: Template, blocks: Sequence[_Block]) -> None:
    words = WORDING[template.language]
    last_row = HEADER_ROW + len(template.indicators)
    for column, width in WIDTHS.items():
        sheet.column_dimensions[LETTER[column]].width = width
    for number, (text, font) in enumerate([(words.headline, TITLE), (words.whose, STRONG), (words.version, SMALL)], start=1):
        _put(_cell(sheet, number, 1), _say(template, text), font)
    _write_head(sheet, template)
    block_of = {block.levels: block for block in blocks}
    aspect_before = None
    for row, indicator in enumerate(template.indicators, start=FIRST_ROW):
        top = THIN if indicator.aspect == aspect_before else THICK
        aspect_before = indicator.aspect
        given = {
            "indicator_id": indicator.component_id,
            "name": indicator.name,
            "aspect": f"{indicator.domain}: {indicator.aspect}" if indicator.domain else indicator.aspect,
            "government_code": template.government_code,
            "agency_code": template.agency_code,
            "period": template.period,
            "instrument_id": template.instrument_id,
            "stage": template.stage,
        }
        for number, column in enumerate(COLUMNS, start=1):
            cell = _cell(sheet, row, number)
            cell.font, cell.alignment = BODY, WRAPPED
            cell.border = Border(left=THIN, right=THIN, bottom=THIN, top=top)
            if column in INPUTS:
                cell.protection, cell.fill = UNLOCKED, YELLOW
            else:
                cell.fill = PALE
            if column in given:
                _put(cell, given[column], BODY)
        _as(sheet, row, "value", "0" if template.value_den == 1 else "0.00", CENTRED, BOLD)
        for column in ("evidence_date", "submitted_at"):
            _as(sheet, row, column, "yyyy-mm-dd", CENTRED)
        for column in ("explanation", "evidence_file", "submitted_by"):
            _as(sheet, row, column, "@", FROM_TOP if column == "explanation" else WRAPPED)
        for column in ("indicator_id", *CODES):
            _as(sheet, row, column, "@", CENTRED)
        sheet[f"{LETTER['indicator_id']}{row}"].font = BOLD
        sheet[f"{LETTER['meaning']}{row}"] = _meaning_formula(template, block_of[indicator.levels], row)
        sheet[f"{LETTER['missing']}{row}"] = _missing_formula(template, row)
        meaning = max(_lines(f"{level.name}: {level.meaning}", WIDTHS["meaning"]) for level in indicator.levels)
        lines = max(FEWEST_LINES, meaning, _lines(given["name"], WIDTHS["name"]), _lines(given["aspect"], WIDTHS["aspect"]))
        sheet.row_dimensions[row].height = lines * LINE_PT + 4
    _validate(sheet, template, blocks, last_row)
    _highlight(sheet, template, last_row)
    sheet.freeze_panes = f"{LETTER['aspect']}{FIRST_ROW}"
    sheet.sheet_view.selection[-1].activeCell = sheet.sheet_view.selection[-1].sqref = f"{LETTER['value']}{FIRST_ROW}"
    sheet.print_title_rows = f"{LABEL_ROW}:{HEADER_ROW}"
    sheet.print_area = f"A1:{LETTER['submitted_at']}{last_row}"


def _write_head(sheet: Worksheet, template: Template) -> None:
    """What is still missing in all; a row of labels for people; the row of names by which the reader finds the table."""
    words = WORDING[template.language]
    last_row, missing = HEADER_ROW + len(template.indicators), LETTER["missing"]
    count = f'COUNTIF({missing}{FIRST_ROW}:{missing}{last_row},"<>{words.complete}")'
    cell = _cell(sheet, COUNT_ROW, 1)
    cell.value = f'=IF({count}=0,"{words.complete_all}","{words.incomplete}"&{count}&"{words.of}{len(template.indicators)}")'
    cell.font, cell.alignment = STRONG, Alignment(vertical="center", indent=1)
    sheet.merge_cells(start_row=COUNT_ROW, end_row=COUNT_ROW, start_column=1, end_column=2)
    _put(_cell(sheet, COUNT_ROW, 3), words.hint, STRONG)
    sheet.cell(COUNT_ROW, 3).alignment = Alignment(vertical="center", indent=1)
    for number, column in enumerate(COLUMNS, start=1):
        label, name = _cell(sheet, LABEL_ROW, number), _cell(sheet, HEADER_ROW, number)
        if column in words.labels:
            _put(label, words.labels[column], BOLD if column in INPUTS else WHITE)
        header = words.extra_headers.get(column) or (INDONESIAN_HEADER[column] if template.language == "id" else column)
        _put(name, header, SMALL)
        label.alignment, name.alignment = CENTRED, Alignment(horizontal="center", vertical="center", shrink_to_fit=True)
        label.fill = DEEP_YELLOW if column in INPUTS else DARK
        name.fill = YELLOW if column in INPUTS else GREY
        label.border = name.border = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
    first_code = COLUMNS.index(CODES[0]) + 1
    _put(_cell(sheet, LABEL_ROW, first_code), words.codes, WHITE)
    sheet.merge_cells(start_row=LABEL_ROW, end_row=LABEL_ROW, start_column=first_code, end_column=len(COLUMNS))
    longest = max(_lines(words.labels[column], WIDTHS[column]) for column in words.labels)
    for row, height in ((1, 20.0), (2, 16.0), (3, LINE_PT), (COUNT_ROW, 21.0), (LABEL_ROW, longest * LINE_PT + 4), (HEADER_ROW, LINE_PT)):
        sheet.row_dimensions[row].height = height


def _meaning_formula(template: Template, block: _Block, row: int) -> str:
    """The chosen level's name and meaning; of a value between two levels, their names."""
    words = WORDING[template.language]
    value = f"{LETTER['value']}{row}"
    levels = f"{words.sheets[2]}!$B${block.first_row}:$D${block.last_row}"

    def entry(level: str, column: int) -> str:
        return f"VLOOKUP({level},{levels},{column},FALSE)"

    said = f'{entry(value, 2)}&": "&{entry(value, 3)}'
    if template.value_den != 1:
        low, high = f"INT({value})", f"INT({value})+1"
        start, middle, end = words.between.format(low="\0", high="\0").split("\0")
        between = f'"{start}"&{low}&" ("&{entry(low, 2)}&"){middle}"&({high})&" ("&{entry(high, 2)}&"){end}"'
        said = f"IF({value}={low},{said},{between})"
    return f'=IF(ISNUMBER({value}),IFERROR({said},""),"")'


def _missing_formula(template: Template, row: int) -> str:
    """What the row still lacks; explanation and evidence are asked for above the lowest level."""
    words = WORDING[template.language]
    value, explanation, evidence = (f"{LETTER[column]}{row}" for column in ("value", "explanation", "evidence_file"))
    wrong = f'"{words.value}: {template.value_min}–{template.value_max}"'
    digits = 0 if template.value_den == 1 else 2
    in_scale = f"AND({value}>={template.value_min},{value}<={template.value_max},ROUND({value},{digits})={value})"
    no_explanation, no_evidence = f"LEN(TRIM({explanation}))=0", f"LEN(TRIM({evidence}))=0"
    proofs = (
        f'IF({no_explanation},IF({no_evidence},"{words.explanation}, {words.evidence}","{words.explanation}"),'
        f'IF({no_evidence},"{words.evidence}","{words.complete}"))'
    )
    judged = f'IF({in_scale},IF({value}>{template.value_min},{proofs},"{words.complete}"),{wrong})'
    return f'=IF(LEN(TRIM({value}))=0,"{words.value}",IF(ISNUMBER({value}),{judged},{wrong}))'


def _validate(sheet: Worksheet, template: Template, blocks: Sequence[_Block], last_row: int) -> None:
    words = WORDING[template.language]
    for block in blocks:
        names = "\n".join(f"{level.level}  {level.name}" for level in block.levels)
        if template.value_den == 1:
            rule = DataValidation(type="list", formula1=f"{words.sheets[2]}!$B${block.first_row}:$B${block.last_row}")
        else:
            rule = DataValidation(type="decimal", operator="between", formula1=str(template.value_min), formula2=str(template.value_max))
        _tell(rule, words.value_title, f"{names}\n{words.value_prompt_more}", _say(template, words.value_error))
        for row, indicator in enumerate(template.indicators, start=FIRST_ROW):
            if indicator.levels == block.levels:
                rule.add(f"{LETTER['value']}{row}")
        sheet.add_data_validation(rule)
    dates = DataValidation(type="date", operator="between", formula1=EARLIEST_DATE, formula2="TODAY()")
    _tell(dates, words.date_title, None, words.date_error)
    for column in ("evidence_date", "submitted_at"):
        dates.add(f"{LETTER[column]}{FIRST_ROW}:{LETTER[column]}{last_row}")
    sheet.add_data_validation(dates)
    evidence = DataValidation()  # nothing is refused: it only tells
    _tell(evidence, words.evidence_title, words.evidence_prompt, None)
    evidence.add(f"{LETTER['evidence_file']}{FIRST_ROW}:{LETTER['evidence_file']}{last_row}")
    sheet.add_data_validation(evidence)


def _tell(rule: DataValidation, title: str, prompt: str | None, error: str | None) -> None:
    rule.allow_blank = True
    if prompt is not None:
        rule.promptTitle, rule.prompt, rule.showInputMessage = title[:TITLE_LONGEST], prompt[:PROMPT_LONGEST], True
    if error is not None:
        rule.errorTitle, rule.error, rule.showErrorMessage, rule.errorStyle = title[:TITLE_LONGEST], error[:PROMPT_LONGEST], True, "stop"


def _highlight(sheet: Worksheet, template: Template, last_row: int) -> None:
    """Amber: rows that lack something, and in them the very cells; green: rows that are done."""
    words = WORDING[template.language]
    value, missing = f"${LETTER['value']}{FIRST_ROW}", f"${LETTER['missing']}{FIRST_ROW}"
    done = f'{missing}="{words.complete}"'
    for column in ("indicator_id", "missing"):
        cells = f"{LETTER[column]}{FIRST_ROW}:{LETTER[column]}{last_row}"
        sheet.conditional_formatting.add(cells, _coloured(done, GREEN))
        sheet.conditional_formatting.add(cells, _coloured(f"NOT({done})", AMBER))
    for column in ("explanation", "evidence_file"):
        cell = f"{LETTER[column]}{FIRST_ROW}"
        lacks = f"AND(ISNUMBER({value}),{value}>{template.value_min},LEN(TRIM({cell}))=0)"
        sheet.conditional_formatting.add(f"{cell}:{LETTER[column]}{last_row}", _coloured(lacks, AMBER))
    all_done = f'COUNTIF(${LETTER["missing"]}${FIRST_ROW}:${LETTER["missing"]}${last_row},"<>{words.complete}")=0'
    count = f"A{COUNT_ROW}:B{COUNT_ROW}"
    sheet.conditional_formatting.add(count, _coloured(all_done, GREEN))
    sheet.conditional_formatting.add(count, _coloured(f"NOT({all_done})", AMBER))


def _write_instructions(sheet: Worksheet, template: Template, blocks: Sequence[_Block]) -> None:
    """Two columns: what it is about, and what to do."""
    words = WORDING[template.language]
    narrow, wide = 30, 96
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = narrow, wide
    row = 0
    for kind, text in words.instructions:
        said = _say(template, text)
        if kind == "levels":
            for block in blocks:
                row += 1
                _put(_cell(sheet, row, 1), block.which, BOLD)
                for level in block.levels:
                    row += 1
                    _write_pair(sheet, row, f"{level.level}  {level.name}", level.meaning, (narrow, wide))
            continue
        row += 2 if kind == "head" else 1
        if kind in ("title", "head"):
            _put(_cell(sheet, row, 1), said, TITLE if kind == "title" else STRONG)
            sheet.row_dimensions[row].height = 20.0 if kind == "title" else 16.0
        elif kind == "text":
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=2)
            _put(_cell(sheet, row, 1), said, BODY)
            sheet.cell(row, 1).alignment = WRAPPED
            sheet.row_dimensions[row].height = _lines(said, narrow + wide) * LINE_PT + 4
        else:
            _write_pair(sheet, row, kind, said, (narrow, wide))
    sheet.sheet_view.showGridLines = False


def _write_pair(sheet: Worksheet, row: int, left: str, right: str, widths: tuple[int, int]) -> None:
    for number, text, font in ((1, left, BOLD), (2, right, BODY)):
        cell = _cell(sheet, row, number)
        _put(cell, text, font)
        cell.alignment, cell.border = WRAPPED, Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
    sheet.row_dimensions[row].height = max(_lines(left, widths[0]), _lines(right, widths[1])) * LINE_PT + 4


def _write_levels(sheet: Worksheet, template: Template, blocks: Sequence[_Block]) -> None:
    """What the lists and the meanings of sheet 1 are taken from."""
    words = WORDING[template.language]
    widths = (24, 9, 30, 80)
    for number, (header, width) in enumerate(zip(words.level_headers, widths, strict=True), start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
        cell = _cell(sheet, LEVEL_FIRST_ROW - 1, number)
        _put(cell, header, WHITE)
        cell.fill, cell.alignment = DARK, CENTRED
    _put(_cell(sheet, 1, 1), _say(template, words.levels_title), TITLE)
    sheet.row_dimensions[1].height = 20.0
    for block in blocks:
        for row, level in enumerate(block.levels, start=block.first_row):
            for number, text in ((1, block.which), (3, level.name), (4, level.meaning)):
                _put(_cell(sheet, row, number), text, BODY)
            for number in range(1, len(widths) + 1):
                cell = _cell(sheet, row, number)
                cell.alignment = WRAPPED
                cell.border = Border(left=THIN, right=THIN, bottom=THIN, top=THICK if row == block.first_row else THIN)
            number_cell = _cell(sheet, row, 2)
            number_cell.value, number_cell.font, number_cell.alignment = level.level, BOLD, CENTRED
            texts = ((block.which, widths[0]), (level.name, widths[2]), (level.meaning, widths[3]))
            sheet.row_dimensions[row].height = max(_lines(text, width) for text, width in texts) * LINE_PT + 4
    sheet.freeze_panes = f"A{LEVEL_FIRST_ROW}"
    sheet.print_title_rows = f"{LEVEL_FIRST_ROW - 1}:{LEVEL_FIRST_ROW - 1}"


def _cell(sheet: Worksheet, row: int, column: int) -> Cell:
    cell = sheet.cell(row, column)
    assert isinstance(cell, Cell), "a cell under a merged one holds nothing"
    return cell


def _coloured(formula: str, fill: PatternFill) -> Rule:
    return Rule(type="expression", dxf=DifferentialStyle(fill=fill), formula=[formula])


def _put(cell: Cell, text: str, font: Font) -> None:
    """Text, never a formula: the quote prefix keeps it so when somebody edits the cell."""
    cell.value, cell.font = text, font
    if text.startswith(FORMULA_STARTS):
        cell.data_type, cell.quotePrefix = "s", True


def _as(sheet: Worksheet, row: int, column: str, number_format: str, alignment: Alignment, font: Font = BODY) -> None:
    cell = sheet[f"{LETTER[column]}{row}"]
    cell.number_format, cell.alignment, cell.font = number_format, alignment, font


def _lines(text: str, width: float) -> int:
    """How many lines words take in a column of so many digits' width: letters are narrower than digits, and 10 points smaller than the 11 of widths."""
    used, lines = 0, 1
    for word in text.split():
        used += len(word) + (1 if used else 0)
        if used > LETTERS_PER_DIGIT * width and used != len(word):
            used, lines = len(word), lines + 1
    return lines


def _protect(sheet: Worksheet) -> None:
    """Without a password: against slips, not against people. Widths and heights stay free."""
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False


def _set_up_print(sheet: Worksheet, template: Template, orientation: Literal["landscape", "portrait"]) -> None:
    words = WORDING[template.language]
    sheet.page_setup.orientation = orientation
    sheet.page_setup.paperSize = A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    margins = sheet.page_margins
    margins.left = margins.right = 0.4
    margins.top, margins.bottom, margins.footer = 0.4, 0.75, 0.3
    footer = sheet.oddFooter
    assert footer is not None
    footer.left.text = _escaped(f"{template.instrument_id} · {template.fingerprint[:12]} · {template.government_code} · {template.agency_code}")
    footer.right.text = f"{words.page} &P / &N"


def _escaped(text: str) -> str:
    return text.replace("&", "&&")


def _settled(data: bytes) -> bytes:
    """The workbook without the time at which it was saved, and with heights that grow with what is written: openpyxl calls every height fixed by hand."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = re.sub(rb"<dcterms:(created|modified)[^>]*>[^<]*</dcterms:\1>", b"", part)
            elif name.startswith("xl/worksheets/sheet"):
                part = _growing(part)
            new.writestr(zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _growing(sheet: bytes) -> bytes:
    return sheet.replace(b' customHeight="1"', b"")
