"""Reads tables out of what people send, a text file or a workbook: header found by its names, every cell as text. What a cell means is not judged
here (`normalise.py`), nor whether it is right (`expectations`)."""

import csv
import difflib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache, lru_cache, partial, reduce
from itertools import islice
from xml.etree import ElementTree
from xml.parsers import expat

import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from expectations.drift import with_source_columns
from expectations.intake import Unreadable

HEADER_SEARCH_ROWS = 20
SURPLUS = "surplus"
SHEETS = b"sheets"
SHEET_STRIDE = 10_000_000  # sheets have at most 1,048,576 rows
MAX_BYTES = 50 * 2**20
MAX_UNPACKED_BYTES = 500 * 2**20
MAX_RATIO, RATIO_FROM_BYTES = 200, 2**20
MAX_CELLS = 30_000_000  # calamine sets aside 32 bytes for every cell between the first and the last, and ends the process when it cannot
CHUNK_ROWS = 10_000
NEAR = 0.6
LONGEST_LABEL = 20

ZIP, OLE2 = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # XLSX, XLSM, ODS; XLS
OTHER_KINDS = {
    b"%PDF": ("a PDF", "PDF"),
    b"\x89PNG": ("a picture", "gambar"),
    b"\xff\xd8\xff": ("a picture", "gambar"),
    b"Rar!": ("a RAR archive", "arsip RAR"),
    b"7z\xbc\xaf": ("a 7z archive", "arsip 7z"),
    b"{\\rtf": ("a text document", "dokumen teks"),
}
BYTE_ORDER_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
ACCEPTED = "accepted: XLSX, XLSM, XLS, ODS or CSV (comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252) of at most 50 MB"
OPEN_AND_SAVE, BUKA_DAN_SIMPAN = "open it in Excel or LibreOffice, save, send again", "buka di Excel atau LibreOffice, simpan, kirim kembali"
PASSWORD = (
    "the workbook is protected by a password; accepted: one without (Excel: File, Info, Protect Workbook, Encrypt with Password: empty it, save)",
    "buku kerja dilindungi kata sandi; hapus kata sandinya (Excel: File, Info, Protect Workbook, Encrypt with Password: kosongkan, simpan)",
)
NO_TABLE = "bukan teks atau buku kerja"

TOTAL = re.compile(r"(total|jumlah|rata-rata)\b", re.IGNORECASE)
NOTE = re.compile(r"catatan|note|keterangan|sumber|\*\W*\w{2}", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"))

XLS_PASSWORD = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)  # BOF, WRITEPROT, FILEPASS of [MS-XLS]

Row = list[str]
Place = tuple[int, int]  # row from 1, column from 0


@dataclass(frozen=True)
class _Sheet:
    """`rows` gives every row from the first, '' for an empty cell; `unsaved` the places of formulas that have no result in the file."""

    name: str
    rows: Iterator[Row]
    unsaved: Callable[[], set[Place]] = set
    is_text: bool = False
    is_hidden: bool = False


@dataclass(frozen=True)
class _Head:
    """The row of a sheet that names most columns; `sheet.rows` goes on after row `number`."""

    sheet: _Sheet
    number: int = 0
    position: dict[str, int] = field(default_factory=dict)
    cells: Row = field(default_factory=list)


def read_sheet(data: bytes, columns: tuple[str, ...], aliases: Mapping[str, str], required: tuple[str, ...]) -> pa.Table:
    """A table of `columns` (text, null where the sheet has none), `source_row` and `surplus`.

    The header is the first of the first 20 rows that names all of `required`, by column name or alias, in any case, with spaces or line breaks. Every
    sheet that has one is read, other sheets are passed over. `source_row` is the row of the first sheet read, from 1; of the k-th sheet after it
    (k = 1, 2, ...) it is k * 10,000,000 + row. A cell merged over several rows stands in each of them. Passed over are rows without text, the header
    once more, totals and notes: a row with all of `required` is never taken for one of these two. `surplus` is what a row of a text file has beyond the
    last heading: '' if all cells there are empty, null if there are none. Beside the table of a workbook anything may stand. Raises Unreadable.

    An XLS is read by a process of its own: a damaged one can make its reader ask for all memory there is."""
    if data.startswith(OLE2) and len(data) <= MAX_BYTES:
        from assets.submissions import in_child

        return in_child.read(data, columns, aliases, required)
    return read_here(data, columns, aliases, required)


def read_here(data: bytes, columns: tuple[str, ...], aliases: Mapping[str, str], required: tuple[str, ...]) -> pa.Table:
    """`read_sheet` within this process, whatever the file is."""
    names = {column: column for column in columns} | dict(aliases)
    if len(data) > MAX_BYTES:
        raise Unreadable(f"the file has {len(data) / 2**20:.0f} MB; {ACCEPTED}", f"berkas berukuran {len(data) / 2**20:.0f} MB")
    tables: list[pa.Table] = []
    sheets: list[str] = []
    missed: list[_Head] = []
    source_columns: dict[str, None] = {}
    for head in _workbook_heads(data, names, required) if data.startswith((ZIP, OLE2)) else [_text_head(data, names, required)]:
        if head.position.keys() >= set(required):
            tables.append(_table(head, columns, names, required, len(tables) * SHEET_STRIDE))
            sheets.append(f"'{head.sheet.name}'" + (" (tersembunyi)" if head.sheet.is_hidden else ""))
            source_columns |= dict.fromkeys(_name(cell) for cell in head.cells if cell.strip())
        else:
            missed.append(replace(head, sheet=replace(head.sheet, rows=iter(()))))  # lets go of the sheet
    if not tables:
        raise Unreadable(*_no_header(data, missed, columns, names, required))
    table = with_source_columns(pa.concat_tables(tables), list(source_columns))
    return table.replace_schema_metadata({**table.schema.metadata, SHEETS: json.dumps(sheets)})


def sheets_of(table: pa.Table) -> list[str]:
    """What the sheets are called that the rows of a table that `read_sheet` gave are of, in the order in which `source_row` counts them."""
    noted = (table.schema.metadata or {}).get(SHEETS)
    return json.loads(noted) if noted else []


def _head(sheet: _Sheet, names: Mapping[str, str], required: tuple[str, ...]) -> _Head:
    """The header, or else the row that comes nearest to one."""
    best = _Head(sheet)
    for number, row in enumerate(islice(sheet.rows, HEADER_SEARCH_ROWS), start=1):
        position = {names[_name(cell)]: index for index, cell in reversed(list(enumerate(row))) if cell and _name(cell) in names}
        head = _Head(sheet, number, position, row)
        if position.keys() >= set(required):
            return head
        best = max(best, head, key=_likeness)
    return best


def _likeness(head: _Head) -> tuple[int, int]:
    return len(head.position), sum(map(bool, head.cells))


@lru_cache(maxsize=4096)
def _name(cell: str) -> str:
    return "_".join(cell.lower().translate(ZERO_WIDTH).split()).strip("_:*")


def _no_header(data: bytes, heads: list[_Head], columns: tuple[str, ...], names: Mapping[str, str], required: tuple[str, ...]) -> tuple[str, str]:
    kind = ("", "") if data.strip() else ("the file is empty; ", "berkas kosong; ")
    if any(row <= HEADER_SEARCH_ROWS for head in heads for row, _ in head.sheet.unsaved()):
        kind = (f"there are formulas without a result: {OPEN_AND_SAVE}; ", f"ada rumus tanpa hasil: {BUKA_DAN_SIMPAN}; ")
    elif data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        kind = (
            "the file is a web page or XML: open it in Excel or LibreOffice and save it as XLSX; ",
            "berkas berupa halaman web atau XML: simpan sebagai XLSX; ",
        )
    best = max(heads, key=_likeness, default=_Head(_Sheet("", iter(()))))
    spare = [name for cell in best.cells if (name := _name(cell)) and name not in names]
    lacking = sorted(set(required) - set(best.position))
    nearest = {column: _nearest(column, names, spare) for column in lacking}
    missing = ", ".join(column + (f" (nearest found: '{nearest[column]}')" if nearest[column] else "") for column in lacking)
    kurang = ", ".join(_headed(column, names) + (f" (mungkin '{nearest[column]}')" if nearest[column] else "") for column in lacking)
    sheets = ", ".join(head.sheet.name for head in heads)
    where, di_mana = (f" of any sheet ({sheets})", f" setiap lembar ({sheets})") if len(heads) > 1 else ("", "")
    sought = f"no header row found in the first {HEADER_SEARCH_ROWS} rows{where}; missing: {missing}; accepted columns: {', '.join(columns)}"
    return (
        f"{kind[0]}{sought}; {ACCEPTED}",
        f"{kind[1]}baris judul kolom tidak ditemukan dalam {HEADER_SEARCH_ROWS} baris pertama{di_mana}; yang kurang: {kurang}; pakailah templatnya",
    )


def _headed(column: str, names: Mapping[str, str]) -> str:
    """The column's other name, by which people know it, if it has one."""
    return next((name for name, meant in names.items() if meant == column and name != column), column)


def _nearest(column: str, names: Mapping[str, str], spare: list[str]) -> str | None:
    """Which header found may have been meant, if any: of a likeness (difflib) of at least 0.6 with the column's name or an alias."""
    spellings = [name for name, meant in names.items() if meant == column]
    likeness = [(difflib.SequenceMatcher(None, name, cell).ratio(), cell) for cell in spare[:200] for name in spellings if len(cell) <= 2 * len(name)]
    ratio, cell = max(likeness, default=(0.0, ""))
    return cell if ratio >= NEAR else None


def _table(head: _Head, columns: tuple[str, ...], names: Mapping[str, str], required: tuple[str, ...], offset: int) -> pa.Table:
    present = [*required, *(column for column in columns if column in head.position and column not in required)]
    places = [head.position[column] for column in present]
    width = 1 + max(place for place, cell in enumerate(head.cells) if cell.strip())
    schema = pa.schema([("source_row", pa.int64()), *((column, pa.string()) for column in (*columns, SURPLUS))])
    chunks: list[pa.Table] = []
    passed: set[int] = set()  # rows that are no data although there is text in them
    number = head.number + 1
    while rows := list(islice(head.sheet.rows, CHUNK_ROWS)):
        texts = [_column(rows, place) for place in places]
        keep = [True] * len(rows)
        gaps = _with_gaps(texts[: len(required)])
        for index in gaps | _with_heading(texts[0], names):
            filled = [text for cell in rows[index] if (text := cell.strip())]
            keep[index] = bool(filled) and not _is_no_data(filled, index in gaps, names, required)
            if filled and not keep[index]:
                passed.add(number + index)
        cells = dict(zip(present, texts, strict=True))
        if head.sheet.is_text:
            cells[SURPLUS] = pa.array([_beyond(row, width) for row in rows], pa.string())
        source_row = pa.array(range(offset + number, offset + number + len(rows)), pa.int64())
        chunk = pa.table([source_row, *(cells.get(column, pa.nulls(len(rows), pa.string())) for column in schema.names[1:])], schema=schema)
        chunks.append(chunk if all(keep) else chunk.filter(pa.array(keep)))
        number += len(rows)
    for row, place in sorted(head.sheet.unsaved()):
        if row > head.number and row not in passed and place in places:
            sheet, column = head.sheet.name, present[places.index(place)]
            raise Unreadable(
                f"sheet '{sheet}', row {row}, column {column}: a formula without its result: {OPEN_AND_SAVE}; accepted: cells with a value",
                f"lembar '{sheet}', baris {row}, kolom {_headed(column, names)}: rumus tanpa hasil; {BUKA_DAN_SIMPAN}",
            )
    return pa.concat_tables(chunks) if chunks else schema.empty_table()


def _column(rows: list[Row], place: int) -> pa.Array:
    try:
        cells = [row[place] for row in rows]
    except IndexError:
        cells = [row[place] if place < len(row) else "" for row in rows]
    texts = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _beyond(row: Row, width: int) -> str | None:
    return "; ".join(text for cell in row[width:] if (text := cell.strip())) if len(row) > width else None


def _with_gaps(needed: list[pa.Array]) -> set[int]:
    """Indices of the rows that lack a required cell."""
    lacking = [pc.is_in(texts, value_set=pa.array([None, "-"], pa.string())) for texts in needed]
    return set(pc.indices_nonzero(reduce(pc.or_, lacking)).to_pylist())


def _with_heading(texts: pa.Array, names: Mapping[str, str]) -> set[int]:
    """Indices of the rows that have a name of the header in this column."""
    headings = [text for text in texts.unique().to_pylist() if text and _name(text) in names]
    return set(pc.indices_nonzero(pc.is_in(texts, value_set=pa.array(headings, pa.string()))).to_pylist())


def _is_no_data(filled: Row, gaps: bool, names: Mapping[str, str], required: tuple[str, ...]) -> bool:
    """Of the cells of a row that have text: is it the header again, a totals row or a note?"""
    if set(required) <= {names.get(_name(cell)) for cell in filled}:
        return True
    first = filled[0]
    return gaps and (TOTAL.match(first) is not None or (len(filled) == 1 and (len(first) > LONGEST_LABEL or NOTE.match(first) is not None)))


# Text files.


def _text_head(data: bytes, names: Mapping[str, str], required: tuple[str, ...]) -> _Head:
    """The header by the separator that gives it; if none does, by the one that comes nearest."""
    kind = next((names for signature, names in OTHER_KINDS.items() if data.startswith(signature)), None)
    text = "\0" if kind else _decode(data).replace("\u00a0", " ")
    if "\0" in text:
        english, indonesian = (f"{kind[0]}, ", f"{kind[1]}, ") if kind else ("", "")
        raise Unreadable(f"the file is {english}neither text nor a workbook; {ACCEPTED}", indonesian + NO_TABLE)
    heads: list[_Head] = []
    refusal: Unreadable | None = None
    separators = sorted(",;\t", key=text[:65536].count, reverse=True)
    for separator in separators:
        try:
            heads.append(_head(_Sheet("", _text_rows(text, separator), is_text=True), names, required))
        except Unreadable as error:
            if separator == separators[0]:
                refusal = error
            continue
        if heads[-1].position.keys() >= set(required):
            return heads[-1]
    if CONTROL.search(text):
        raise Unreadable(f"the file is neither text nor a workbook; {ACCEPTED}", NO_TABLE) from refusal
    if refusal is not None:
        raise refusal
    return max(heads, key=lambda head: len(head.position))


def _text_rows(text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise Unreadable(
            f"the CSV cannot be read from line {reader.line_num} on: {error}; accepted: comma, semicolon or tab between cells, quotes doubled inside quotes",
            f"CSV tidak terbaca sejak baris {reader.line_num} ({error}); di dalam tanda kutip, tanda kutip ditulis dua kali",
        ) from error


def _decode(data: bytes) -> str:
    encoding = next((encoding for mark, encoding in BYTE_ORDER_MARKS.items() if data.startswith(mark)), None) or _utf16_by_zeros(data)
    for candidate in [encoding] if encoding else ["utf-8", "cp1252"]:
        try:
            return data.decode(candidate)
        except UnicodeDecodeError:
            continue
    if encoding:
        named = encoding.removesuffix("-sig").upper()
        raise Unreadable(f"the text begins as {named} and does not go on so; {ACCEPTED}", f"teks berawal sebagai {named}, tetapi lanjutannya bukan")
    raise Unreadable(f"the text is neither UTF-8 nor Windows-1252 nor UTF-16; {ACCEPTED}", "teks bukan UTF-8, Windows-1252 atau UTF-16")


def _utf16_by_zeros(data: bytes) -> str | None:
    """Letters of Latin script have a zero as every second byte: the second in little-endian, the first in big-endian."""
    sample = data[:4096]
    half, even, odd = len(sample) // 2, sample[0::2].count(0), sample[1::2].count(0)
    if odd * 2 > half and even * 10 < half:
        return "utf-16-le"
    return "utf-16-be" if even * 2 > half and odd * 10 < half else None


# Workbooks.


@dataclass
class _Layout:
    """What the XML of a sheet says that calamine does not: places of formulas without a result, errors such as #DIV/0!, and (ODS) merged ranges."""

    unsaved: set[Place] = field(default_factory=set)
    errors: dict[Place, str] = field(default_factory=dict)
    merged: list[tuple[Place, Place]] = field(default_factory=list)


def _unsaved(layout: Callable[[str], _Layout], name: str) -> set[Place]:
    return layout(name).unsaved


def _no_layout(_: str) -> _Layout:
    return _Layout()


def _workbook_heads(data: bytes, names: Mapping[str, str], required: tuple[str, ...]) -> Iterator[_Head]:
    layout: Callable[[str], _Layout] = _no_layout
    if data.startswith(ZIP):
        layout = cache(_checked_zip(data))
    elif "EncryptedPackage".encode("utf-16-le") in data or XLS_PASSWORD.search(data):
        raise Unreadable(*PASSWORD)
    with _refusing():
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = [(sheet.name, sheet.visible != SheetVisibleEnum.Visible) for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
    for name, is_hidden in sheets:
        with _refusing():
            sheet = workbook.get_sheet_by_name(name)
        rows, unsaved = _workbook_rows(sheet, partial(layout, name)), partial(_unsaved, layout, name)
        yield _head(_Sheet(name, rows, unsaved, is_hidden=is_hidden), names, required)


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever breaks the reader of workbooks is a fault of the file. A panic of calamine's is no Exception, only a BaseException."""
    try:
        yield
    except (Unreadable, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise Unreadable(
            f"the workbook cannot be opened ({error}): it is damaged or of another kind; {ACCEPTED}",
            f"buku kerja tidak dapat dibuka: rusak atau jenisnya lain; {BUKA_DAN_SIMPAN}",
        ) from error


def _workbook_rows(sheet: CalamineSheet, layout: Callable[[], _Layout]) -> Iterator[Row]:
    """A row without text of its own stays empty: where a whole record is merged over several rows, it is one record. So does one that has errors only:
    formulas are often drawn down further than the table."""
    left = sheet.start[1] if sheet.start else 0
    ranges = sheet.merged_cell_ranges
    starting: dict[int, list[tuple[int, int]]] = {}
    for (first, column), (last, _) in layout().merged if ranges is None else ranges:
        if last > first:
            starting.setdefault(first, []).append((column, last))
    errors: dict[int, dict[int, str]] = {}
    for (line, column), error in layout().errors.items():
        errors.setdefault(line - 1, {})[column] = error
    held: dict[int, tuple[int, str]] = {}  # column -> last row and text of the merged cell that stands in it
    with _refusing():
        for number, cells in enumerate(sheet.iter_rows()):
            row = [""] * left + [_text(cell) for cell in cells]
            if number in errors and any(row):
                row = [errors[number].get(column, cell) for column, cell in enumerate(row)]
            if held and any(row):
                for column, (last, text) in list(held.items()):
                    if number > last:
                        del held[column]
                    else:
                        row[column] = text
            for column, last in starting.get(number, ()):
                if column < len(row):
                    held[column] = (last, row[column])
            yield row


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = cell.isoformat() if isinstance(cell, datetime | date) else str(cell)
    return text if text.isascii() else text.replace("\u00a0", " ")


def _checked_zip(data: bytes) -> Callable[[str], _Layout]:
    """Refuses what would take the machine's memory or is no workbook; gives the layout of a sheet by its name."""
    with _refusing(), zipfile.ZipFile(io.BytesIO(data)) as file:
        members = file.infolist()
        unpacked = sum(member.file_size for member in members)
        dense = [member.filename for member in members if member.file_size > max(RATIO_FROM_BYTES, MAX_RATIO * member.compress_size)]
        if unpacked > MAX_UNPACKED_BYTES or dense:
            raise Unreadable(
                f"the workbook unpacks to {unpacked / 2**20:.0f} MB{f', its part {dense[0]} to more than {MAX_RATIO} times its size' if dense else ''}: "
                f"save the table alone in a new workbook; accepted: at most {MAX_UNPACKED_BYTES // 2**20} MB and {MAX_RATIO} times",
                f"isi buku kerja mengembang menjadi {unpacked / 2**20:.0f} MB; simpan tabelnya saja dalam buku kerja baru",
            )
        if any(member.flag_bits & 1 for member in members):
            raise Unreadable(*PASSWORD)
        names = set(file.namelist())
        if "encrypted-package" in names or ("META-INF/manifest.xml" in names and b"encryption-data" in file.read("META-INF/manifest.xml")):
            raise Unreadable(*PASSWORD)
        if any(name.lower().endswith("workbook.bin") for name in names):
            raise Unreadable(f"the workbook cannot be opened: it is binary (XLSB); save it as XLSX; {ACCEPTED}", "buku kerja biner (XLSB); simpan sebagai XLSX")
        for name in names:
            if name.lower().endswith((".xml", ".rels")):
                _check_part(name, file.read(name))
        if "content.xml" in names:
            ods = _ods_layouts(file.read("content.xml"))
            return lambda name: ods.get(name, _Layout())
    return lambda name: _xlsx_layout(data, name)


CELL = rb"""\br\s*=\s*["']"""
BEYOND_Z = re.compile(CELL + rb"([A-Za-z]{2,})[0-9]")


def _check_part(name: str, xml: bytes) -> None:
    """Refuses XML that is not well formed, of which calamine seeks the end for ever, and an XLSX sheet with a cell so far from the others that the
    rectangle between them has more than MAX_CELLS."""
    expat.ParserCreate().Parse(xml, True)
    if b"sheetData" not in xml:
        return
    width = max((_column_number(letters) for letters in set(BEYOND_Z.findall(xml))), default=26)
    most = MAX_CELLS // width
    if any(int(number) > most for number in re.findall(CELL + rb"[A-Za-z]+([0-9]{%d,})" % len(str(most)), xml)):
        raise Unreadable(*_too_far(name))


def _too_far(sheet: str) -> tuple[str, str]:
    action = "delete all rows below the table and all columns right of it, save"
    return (
        f"sheet {sheet}: a cell stands so far from the table that the sheet is too large; {action}; accepted: {MAX_CELLS:,} cells",
        f"lembar {sheet}: ada sel yang jauh dari tabelnya; hapus semua baris di bawah dan semua kolom di kanan tabel, simpan",
    )


def _column_number(letters: bytes) -> int:
    """A is 1, XFD is 16384."""
    number = 0
    for letter in letters.upper():
        number = 26 * number + letter - 64
    return number


UNSAVED = re.compile(  # a cell with <f> and no text in <v>; t="str" is a result too: an empty text
    rb"""<(?:\w+:)?c\b(?![^>]*\bt="str")[^>]*\br="([A-Z]+)([0-9]+)"[^>]*>\s*<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)(?!\s*<(?:\w+:)?v\b[^>]*>[^<])"""
)


ERROR = re.compile(  # a cell of type e, with a formula or without, and what is shown in it
    rb"""<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]+)([0-9]+)"[^>]*>\s*(?:<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*)?<(?:\w+:)?v\b[^>]*>([^<]+)"""
)


def _xlsx_layout(data: bytes, sheet_name: str) -> _Layout:
    with _refusing(), zipfile.ZipFile(io.BytesIO(data)) as file:
        try:
            targets = {part.get("Id"): part.get("Target", "") for part in ElementTree.fromstring(file.read("xl/_rels/workbook.xml.rels"))}
            sheets = [element.attrib for element in ElementTree.fromstring(file.read("xl/workbook.xml")).iter() if element.tag.endswith("}sheet")]
            relation = next(value for sheet in sheets if sheet["name"] == sheet_name for key, value in sheet.items() if key.endswith("}id"))
            target = targets[relation]
            xml = file.read(target.removeprefix("/") if target.startswith("/") else f"xl/{target}")
        except (KeyError, StopIteration):  # parts elsewhere than every program puts them: formulas cannot be checked
            return _Layout()
    formulas = UNSAVED.findall(xml) if b"<f" in xml or b":f" in xml else []
    errors = ERROR.findall(xml) if b't="e"' in xml else []
    return _Layout(
        {(int(row), _column_number(letters) - 1) for letters, row in formulas},
        {(int(row), _column_number(letters) - 1): said.decode() for letters, row, said in errors},
    )


ODS_ELEMENT = re.compile(rb"<table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^>]*)>(?:\s*(<text:p)(?:[^>]*>([^<]*))?)?")
ODS_NUMBER = re.compile(rb"table:number-(rows|columns)-(repeated|spanned)\s*=\s*[\"']([0-9]+)")
ODS_NAME = re.compile(rb"table:name\s*=\s*(\"[^\"]*\"|'[^']*')")


def _ods_layouts(xml: bytes) -> dict[str, _Layout]:
    """By sheet name. Repeated rows and columns count as often as they are repeated; only those up to the last cell with a value take room."""
    layouts: dict[str, _Layout] = {}
    layout, name = _Layout(), ""
    row = column = width = next_row = earlier = 0
    for element, attributes, text, said in map(re.Match.groups, ODS_ELEMENT.finditer(xml)):
        numbers = {(axis, what): int(number) for axis, what, number in ODS_NUMBER.findall(attributes)} if b"table:number-" in attributes else {}
        if element == b"table":
            quoted = ODS_NAME.search(attributes)
            name = "".join(ElementTree.fromstring(b"<n>" + quoted[1][1:-1] + b"</n>").itertext()) if quoted else ""
            layout = layouts.setdefault(name, _Layout())
            earlier += next_row * width
            row = column = width = next_row = 0
        elif element == b"table-row":
            row, next_row, column = next_row, next_row + numbers.get((b"rows", b"repeated"), 1), 0
        else:
            columns = numbers.get((b"columns", b"repeated"), 1)
            if text or b"office:value-type" in attributes:
                width = max(width, column + columns)
                if earlier + next_row * width > MAX_CELLS:
                    raise Unreadable(*_too_far(name))
            elif b"table:formula" in attributes:
                layout.unsaved.add((row + 1, column))
            if said and b'calcext:value-type="error"' in attributes:
                layout.errors[row + 1, column] = said.decode()
            if (last := row + numbers.get((b"rows", b"spanned"), 1) - 1) > row:
                layout.merged.append(((row, column), (last, column)))
            column += columns
    return layouts
