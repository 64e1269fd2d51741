"""Reads a table out of a CSV file or the first sheet of a workbook: header found by its names, every cell as text. No judgement of values here."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from expectations.drift import with_source_columns
from expectations.intake import Unreadable

HEADER_SEARCH_ROWS = 20
WORKBOOK_SIGNATURES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # zip (XLSX, ODS) and OLE2 (XLS)

Row = list[str | None]


def read_sheet(data: bytes, columns: tuple[str, ...], aliases: Mapping[str, str], required: tuple[str, ...]) -> pa.Table:
    """A table of `columns` (text, null where the sheet has none) and `source_row` (row of the sheet, from 1).

    The header is the first row that names all of `required`, by column name or alias, in any case. Rows without any text are passed over."""
    rows = _workbook_rows(data) if data.startswith(WORKBOOK_SIGNATURES) else _text_rows(data)
    names = {column: column for column in columns} | dict(aliases)
    position: dict[str, int] = {}
    header: list[str] = []
    best: set[str] = set()
    values: dict[str, Row] = {column: [] for column in columns}
    source_rows: list[int] = []
    for number, row in rows:
        if not position:
            found = {names[_name(cell)]: index for index, cell in reversed(list(enumerate(row))) if cell and _name(cell) in names}
            best = max(best, set(found), key=len)
            if set(required) <= set(found):
                position = found
                header = [_name(cell) for cell in row if cell]
            elif number >= HEADER_SEARCH_ROWS:
                break
            continue
        if not any(row):
            continue
        source_rows.append(number)
        for column in columns:
            index = position.get(column)
            values[column].append(row[index] if index is not None and index < len(row) else None)
    if not position:
        missing = ", ".join(sorted(set(required) - best))
        raise Unreadable(f"no header row found in the first {HEADER_SEARCH_ROWS} rows; missing: {missing}; accepted columns: {', '.join(columns)}")
    table = pa.table({"source_row": pa.array(source_rows, pa.int64())} | {column: pa.array(values[column], pa.string()) for column in columns})
    return with_source_columns(table, header)


def _name(cell: str) -> str:
    return "_".join(cell.lower().split())


def _text_rows(data: bytes) -> Iterator[tuple[int, Row]]:
    text = _decode(data)
    if "\0" in text:
        raise Unreadable("the file is neither text nor a workbook; accepted: CSV (UTF-8) or XLSX")
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), start=1):
            yield number, [_text(cell) for cell in row]
    except csv.Error as error:
        raise Unreadable(f"the CSV cannot be read: {error}; accepted: comma, semicolon or tab between cells, quotes doubled inside quotes") from error


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("the text is neither UTF-8 nor Windows-1252; accepted: CSV (UTF-8) or XLSX")


def _workbook_rows(data: bytes) -> Iterator[tuple[int, Row]]:
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0)
        cells = sheet.to_python(skip_empty_area=False)
    except (CalamineError, ValueError, IndexError, OSError) as error:
        raise Unreadable(f"the workbook cannot be opened ({error}); accepted: XLSX without a password, the table on its first sheet") from error
    for number, row in enumerate(cells, start=1):
        yield number, [_text(cell) for cell in row]


def _text(cell: object) -> str | None:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = cell.isoformat() if isinstance(cell, datetime | date) else str(cell)
    return text.replace("\u00a0", " ").strip() or None
