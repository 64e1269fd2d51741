"""Every kind of file that agencies send, as their programs write it: what is a table is read, what is not is refused in words its sender can act on.
Workbooks are made by openpyxl, by hand where a program's habit or fault is meant, and by LibreOffice where it is installed."""

import io
import os
import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.submissions import sheet as sheet_module
from assets.submissions import submission
from assets.submissions.sheet import SHEET_STRIDE, read_sheet, sheets_of
from expectations.drift import source_columns
from expectations.intake import Unreadable
from tests import libreoffice

HEADER = ["government_code", "period", "instrument_id", "indicator_id", "stage", "value", "explanation"]
ROW = ["63.10", "2026-Q3", "PEMDI2026", "1", "self", "3.5", "Naskah akademik"]


def table(data: bytes) -> pa.Table:
    return read_sheet(data, submission.COLUMNS, submission.ALIASES, submission.REQUIRED)


def read(data: bytes) -> list[tuple[int, list[str]]]:
    """Row number and cells, in the order of HEADER."""
    return [(row["source_row"], [row[name] for name in HEADER]) for row in table(data).to_pylist()]


def refusal(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        table(data)
    assert "accepted" in str(caught.value)
    return str(caught.value)


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook(*sheets: Sequence[Sequence[object]], merged: tuple[str, ...] = ()) -> bytes:
    """Sheets of rows; `merged` are ranges of the first sheet."""
    book = openpyxl.Workbook()
    for index, rows in enumerate(sheets):
        page = book.worksheets[0] if index == 0 else book.create_sheet()
        for row in rows:
            page.append(list(row))
    for cells in merged:
        book.worksheets[0].merge_cells(cells)
    return saved(book)


def rewritten(data: bytes, change: Callable[[str, bytes], bytes | None], **more: bytes) -> bytes:
    """A zip with members changed, dropped (None) or added."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            member = change(name, old.read(name))
            if member is not None:
                new.writestr(name, member)
        for name, member in more.items():
            new.writestr(name, member)
    return buffer.getvalue()


def ole2(name: str, stream: bytes) -> bytes:
    """An OLE2 file with one stream (MS-CFB): a FAT, a directory, the stream."""
    stream = stream.ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % 512)
    sectors = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    )
    header += struct.pack("<109I", *([0xFFFFFFFF] * 109))[4:]

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = title.encode("utf-16-le") + b"\0\0"
        return text.ljust(64, b"\0") + struct.pack("<HBBIII36xIQ", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, start, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, 2, len(stream))
    return header.ljust(512, b"\0") + struct.pack("<128I", *fat, *([0xFFFFFFFF] * (128 - len(fat)))) + directory.ljust(512, b"\0") + stream


def xls(rows: Sequence[Sequence[str | float | None]], merged: tuple[tuple[int, int, int, int], ...] = (), protected: bool = False) -> bytes:
    """A BIFF8 workbook of one sheet; `merged` ranges are first row, last row, first column, last column, from 0."""

    def record(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def bof(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    page = bof(0x0010)
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                page += record(0x0204, struct.pack("<HHHHB", number, column, 0, len(cell), 1) + cell.encode("utf-16-le"))
            elif cell is not None:
                page += record(0x0203, struct.pack("<HHHd", number, column, 0, cell))
    page += record(0x00E5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<4H", *area) for area in merged)) + record(0x000A)
    start = bof(0x0005) + (record(0x002F, b"\x01".ljust(54, b"\0")) if protected else b"") + record(0x0042, struct.pack("<H", 1200))
    name = b"\x06\x00Sheet1"
    offset = len(start) + 4 + 6 + len(name) + 4
    return ole2("Workbook", start + record(0x0085, struct.pack("<IBB", offset, 0, 0) + name) + record(0x000A) + page)


def ods(*tables: str, manifest: str = "") -> bytes:
    buffer = io.BytesIO()
    media = "application/vnd.oasis.opendocument.spreadsheet"
    office = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = f'xmlns:office="{office}:office:1.0" xmlns:table="{office}:table:1.0" xmlns:text="{office}:text:1.0"'
    body = "".join(f'<table:table table:name="Lembar {number} &amp; lain"><table:table-column/>{rows}</table:table>' for number, rows in enumerate(tables))
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", media, zipfile.ZIP_STORED)
        file.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{office}:manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="{media}">'
            f"{manifest}</manifest:file-entry></manifest:manifest>",
        )
        file.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>",
        )
    return buffer.getvalue()


def ods_row(cells: list[str], attributes: str = "") -> str:
    inner = "".join(f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>' for cell in cells)
    return f"<table:table-row {attributes}>{inner}</table:table-row>"


PROTECT = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Module1" script:language="StarBasic">
Sub Protect(source As String, target As String, kind As String)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden" : hidden(0).Value = True
  Dim secret(1) As New com.sun.star.beans.NamedValue
  secret(0).Name = "CryptoType" : secret(0).Value = "Standard"
  secret(1).Name = "OOXPassword" : secret(1).Value = "rahasia"
  Dim how(1) As New com.sun.star.beans.PropertyValue
  how(0).Name = "FilterName" : how(0).Value = kind
  how(1).Name = "Password" : how(1).Value = "rahasia"
  If InStr(kind, "2007") Then
    how(1).Name = "EncryptionData" : how(1).Value = secret()
  End If
  Dim book As Object
  book = StarDesktop.loadComponentFromURL(source, "_blank", 0, hidden())
  book.storeToURL(target, how())
  book.close(True)
End Sub
</script:module>
"""


def protected_by_libreoffice(folder: Path, data: bytes, kind: str, name_of_filter: str) -> bytes:
    """What LibreOffice saves with a password, by a macro in a profile of its own."""
    libreoffice.saved_as(folder, data, "csv")  # makes the profile
    (folder / "profile" / "user" / "basic" / "Standard" / "Module1.xba").write_text(PROTECT, encoding="utf-8")
    target = folder / f"protected.{kind}"
    libreoffice.run(folder, f"macro:///Standard.Module1.Protect({(folder / 'sent.xlsx').as_uri()},{target.as_uri()},{name_of_filter})")
    return target.read_bytes()


# Kinds of file.


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_is_read_in_the_encodings_that_excel_saves(encoding: str, separator: str) -> None:
    row = [*ROW[:-1], "naïf – “é”"]
    text = "\r\n".join([separator.join(HEADER), separator.join(row), ""])
    assert read(text.encode(encoding)) == [(2, row)]


def test_utf_16_with_its_mark_in_either_order() -> None:
    text = f"{','.join(HEADER)}\n{','.join(ROW)}\n"
    assert read(b"\xff\xfe" + text.encode("utf-16-le")) == read(b"\xfe\xff" + text.encode("utf-16-be")) == [(2, ROW)]


def test_utf_16_that_is_cut_off_is_refused() -> None:
    assert "begins as UTF-16" in refusal(f"{','.join(HEADER)}\n".encode("utf-16")[:-1])


def test_an_old_workbook_is_read() -> None:
    assert read(xls([HEADER, [*ROW[:5], 3.5, ROW[6]]])) == [(2, ROW)]


def test_an_old_workbook_with_merged_cells_is_read() -> None:
    rows: list[Sequence[str | float | None]] = [HEADER, ROW, [None, "2026-Q3", "PEMDI2026", "2", "self", 4.0, "x"]]
    assert read(xls(rows, merged=((1, 2, 0, 0),))) == [(2, ROW), (3, ["63.10", "2026-Q3", "PEMDI2026", "2", "self", "4", "x"])]


def test_an_open_document_sheet_is_read() -> None:
    filler = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    assert read(ods(ods_row(["petunjuk"]), ods_row(HEADER) + ods_row(ROW) + filler)) == [(2, ROW)]


def test_merged_cells_of_an_open_document_stand_in_every_row() -> None:
    first = ods_row(ROW).replace("<table:table-cell ", '<table:table-cell table:number-rows-spanned="2" ', 1)
    second = ods_row(["", *ROW[1:3], "2", *ROW[4:]]).replace(
        '<table:table-cell office:value-type="string"><text:p></text:p></table:table-cell>', "<table:covered-table-cell/>"
    )
    assert read(ods(ods_row(HEADER) + first + second)) == [(2, ROW), (3, [*ROW[:3], "2", *ROW[4:]])]


def test_a_workbook_with_macros_is_read() -> None:
    def macro_kind(_: str, member: bytes) -> bytes:
        return member.replace(b"spreadsheetml.sheet.main+xml", b"spreadsheetml.sheet.macroEnabled.main+xml").replace(
            b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.macro", b"application/vnd.ms-excel.sheet.macro"
        )

    assert read(rewritten(workbook([HEADER, ROW]), macro_kind, **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})) == [(2, ROW)]


@libreoffice.NEEDS_SOFFICE
@pytest.mark.parametrize("kind", ["xls", "ods", "xlsx"])
def test_what_libreoffice_saves_is_read(tmp_path: Path, kind: str) -> None:
    second = [None, "2026-Q3", "PEMDI2026", "2", "self", 4, "x"]
    data = workbook([["Penilaian"], HEADER, ROW, second], [["petunjuk"]], [HEADER, ROW], merged=("A3:A4",))
    read_back = [(3, ROW), (4, ["63.10", "2026-Q3", "PEMDI2026", "2", "self", "4", "x"]), (SHEET_STRIDE + 2, ROW)]
    assert read(libreoffice.saved_as(tmp_path, data, kind)) == read_back


@libreoffice.NEEDS_SOFFICE
def test_formulas_that_libreoffice_has_calculated_are_read(tmp_path: Path) -> None:
    data = workbook([HEADER, [*ROW[:5], "=1.5+2", ROW[6]]])
    assert "formula" in refusal(data)
    assert read(libreoffice.saved_as(tmp_path, data, "ods")) == [(2, ROW)]


# Where the table is.


def test_header_names_may_have_any_case_spaces_line_breaks_and_marks() -> None:
    header = [" Government\nCode ", "PERIOD", "instrument  id", "Indicator_ID *", "Stage:", "\ufeffValue", "Explanation"]
    found = table(workbook([header, ROW]))
    assert found.select(HEADER).to_pylist() == [dict(zip(HEADER, ROW, strict=True))]
    assert source_columns(found) == HEADER


def test_every_sheet_with_a_header_is_read_and_rows_tell_their_sheet() -> None:
    guide = [["Petunjuk"], ["Isi setiap baris"]]
    other = [[*HEADER[::-1], "tambahan"], [*ROW[::-1], "x"]]
    data = workbook(guide, [["Judul"], HEADER, ROW], guide, other, [HEADER])
    assert read(data) == [(3, ROW), (SHEET_STRIDE + 2, ROW)]
    assert source_columns(table(data)) == [*HEADER, "tambahan"]


def test_a_sheet_that_is_hidden_is_read_too() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["petunjuk"])
    hidden = book.create_sheet()
    hidden.sheet_state = "hidden"
    hidden.append(HEADER)
    hidden.append(ROW)
    assert read(saved(book)) == [(2, ROW)]


@pytest.mark.parametrize("old", [False, True], ids=["XLSX", "XLS"])
def test_sheets_that_were_read_are_named_with_those_that_are_hidden(tmp_path: Path, old: bool) -> None:
    if old and libreoffice.SOFFICE is None:
        pytest.skip("needs LibreOffice (soffice) on the path")
    book = openpyxl.Workbook()
    for name, state in (("catatan", "visible"), ("satu", "visible"), ("dua", "hidden")):
        page = book.create_sheet(name)
        page.sheet_state = state
        for row in [["bukan tabel"]] if name == "catatan" else [HEADER, ROW]:
            page.append(row)
    data = saved(book)
    assert sheets_of(table(libreoffice.saved_as(tmp_path, data, "xls") if old else data)) == ["'satu'", "'dua' (tersembunyi)"]


def test_a_chart_sheet_is_passed_over() -> None:
    book = openpyxl.Workbook()
    book.create_chartsheet("Grafik", 0)
    page = book.worksheets[0]
    page.append(HEADER)
    page.append(ROW)
    assert read(saved(book)) == [(2, ROW)]


# Merged cells.


def test_a_merged_cell_stands_in_every_row_it_covers() -> None:
    rows: list[Sequence[object]] = [HEADER, ROW, [None, None, None, "2", "self", 4, "a"], [None, None, None, "3", "self", 2, "b"], ["63", *ROW[1:]]]
    found = read(workbook(rows, merged=("A2:A4", "B2:B4", "C2:C4")))
    assert [cells[:4] for _, cells in found] == [[*ROW[:3], "1"], [*ROW[:3], "2"], [*ROW[:3], "3"], ["63", *ROW[1:4]]]


def test_a_header_over_two_rows_is_one_header() -> None:
    first = [*HEADER[:4], "Penilaian", None, "explanation"]
    second = [None, None, None, None, "stage", "value", None]
    merged = ("A1:A2", "B1:B2", "C1:C2", "D1:D2", "E1:F1", "G1:G2")
    assert read(workbook([first, second, ROW], merged=merged)) == [(3, ROW)]


def test_a_record_merged_over_several_rows_is_one_record() -> None:
    data = workbook([HEADER, ROW, [], [], ["63", *ROW[1:]]], merged=tuple(f"{letter}2:{letter}4" for letter in "ABCDEFG"))
    assert read(data) == [(2, ROW), (5, ["63", *ROW[1:]])]


def test_cells_merged_sideways_stay_in_their_first_column() -> None:
    (found,) = table(workbook([HEADER, ["63.10", None, *ROW[2:]]], merged=("A2:B2",))).to_pylist()
    assert (found["government_code"], found["period"]) == ("63.10", None)


def test_a_merged_range_far_longer_than_the_table_costs_nothing() -> None:
    def longer(_: str, member: bytes) -> bytes:
        return member.replace(b'ref="A2:A3"', b'ref="A2:A1048576"')

    assert read(rewritten(workbook([HEADER, ROW], merged=("A2:A3",)), longer)) == [(2, ROW)]


# Rows that are no data.


@pytest.mark.parametrize(
    "row",
    [
        ["Total", "", "", "", "", "3.5"],
        ["", "JUMLAH", "", "", "", "12"],
        ["Rata-rata nilai", "", "", "", "", "3.2"],
        ["Total", "-", "-", "-", "-", "3.5", "-"],
        ["", "Catatan"],
        ["Keterangan: diisi oleh SKPD"],
        ["Sumber: Diskominfo"],
        ["* wajib diisi"],
        ["note"],
        ["", "", "Mengetahui, Kepala Dinas Kominfo"],
        [name.upper() for name in HEADER],
        [name.replace("_", " ") for name in HEADER],
        ["kode_pemda", "periode", "instrumen", "indikator", "tahap", "nilai", "penjelasan"],
        ["", " ", "\u00a0"],
    ],
)
def test_totals_notes_and_headers_once_more_are_not_read(row: list[str]) -> None:
    text = "\n".join(f'"{line}"' for line in map('","'.join, [HEADER, ROW, row, ROW]))
    assert read(text.encode()) == [(2, ROW), (4, ROW)]
    assert read(workbook([HEADER, ROW, row, ROW])) == [(2, ROW), (4, ROW)]


def test_a_full_row_is_data_whatever_it_begins_with() -> None:
    header = [HEADER[6], *HEADER[:6]]
    rows = [[text, *ROW[:6]] for text in ("Total layanan 5", "Catatan rapat", "* lihat lampiran", "Rata-rata tiga SKPD")]
    assert len(read(workbook([header, *rows]))) == len(rows)


def test_a_row_with_one_short_cell_is_data_that_lacks_the_rest() -> None:
    assert [number for number, _ in read(workbook([HEADER, ["63.10"], ROW]))] == [2, 3]


def test_a_row_of_dashes_is_data() -> None:
    assert read(workbook([HEADER, [*ROW[:5], "-", None]]))[0][1][5] == "-"


# What is refused.


def test_a_workbook_with_a_password_is_refused_as_such() -> None:
    assert "protected by a password" in refusal(ole2("EncryptedPackage", os.urandom(5000)))
    assert "protected by a password" in refusal(xls([HEADER, ROW], protected=True))
    assert "protected by a password" in refusal(ods(ods_row(HEADER), manifest="<manifest:encryption-data/>"))


@libreoffice.NEEDS_SOFFICE
@pytest.mark.parametrize(("kind", "name_of_filter"), [("xlsx", "Calc MS Excel 2007 XML"), ("xls", "MS Excel 97"), ("ods", "calc8")])
def test_what_libreoffice_saves_with_a_password_is_refused_as_such(tmp_path: Path, kind: str, name_of_filter: str) -> None:
    assert "protected by a password" in refusal(protected_by_libreoffice(tmp_path, workbook([HEADER, ROW]), kind, name_of_filter))


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.99])
def test_a_workbook_that_is_cut_off_is_refused(keep: float) -> None:
    data = workbook([HEADER, *[ROW] * 200])
    assert "workbook cannot be opened" in refusal(data[: int(len(data) * keep)])


@pytest.mark.parametrize(("data", "part"), [(ods(ods_row(HEADER)), "content.xml"), (workbook([HEADER, ROW]), "xl/worksheets/sheet1.xml")])
def test_a_workbook_whose_parts_are_cut_off_is_refused_at_once(data: bytes, part: str) -> None:
    """calamine never comes back from an open document that ends within its table."""

    def shorter(name: str, member: bytes) -> bytes:
        return member[:-60] if name == part else member

    assert "workbook cannot be opened" in refusal(rewritten(data, shorter))


def test_an_empty_file_is_refused_as_empty() -> None:
    assert refusal(b"").startswith("the file is empty")
    assert refusal(b"\r\n  \r\n").startswith("the file is empty")


def test_a_header_alone_is_an_empty_table() -> None:
    for data in (workbook([HEADER]), workbook([["judul"], HEADER, [], ["Total"]]), xls([HEADER])):
        found = table(data)
        assert found.num_rows == 0
        assert found.column_names == ["source_row", *submission.COLUMNS, "surplus"]
        assert source_columns(found) == HEADER


def test_a_file_over_the_limit_is_refused_unread() -> None:
    assert "the file has 51 MB" in refusal(b"x" * 51 * 2**20)


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    data = rewritten(workbook([HEADER, ROW]), lambda _, member: member, **{"xl/media/image1.bin": b"\0" * (2 * 2**20)})
    assert "xl/media/image1.bin to more than 200 times its size" in refusal(data)


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_module, "MAX_UNPACKED_BYTES", 1000)
    assert "accepted: at most" in refusal(workbook([HEADER, ROW]))


@pytest.mark.parametrize("places", [("XFD1048576",), ("A1048576", "XFD1"), ("ZZ1048576",)])
def test_a_stray_cell_at_the_end_of_the_sheet_is_refused_in_words(places: tuple[str, ...]) -> None:
    """Read as it stands it ends the process: calamine asks for 550 GB."""
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(HEADER)
    page.append(ROW)
    for place in places:
        page[place] = "x"
    assert "delete all rows below the table" in refusal(saved(book))


def test_a_stray_cell_at_the_foot_of_a_narrow_table_is_a_row() -> None:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    page.append(HEADER)
    page.append(ROW)
    page["A200000"] = "x"
    assert [number for number, _ in read(saved(book))] == [2, 200000]


@pytest.mark.parametrize(
    "rows",
    [
        ods_row(HEADER) + ods_row(ROW, 'table:number-rows-repeated="10000000"'),
        '<table:table-row table:number-rows-repeated="10000000"/>' + ods_row(HEADER),
        ods_row(HEADER).replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="40000000"/><table:table-cell', 1),
    ],
)
def test_an_open_document_whose_repeats_would_fill_the_memory_is_refused(rows: str) -> None:
    assert "delete all rows below the table" in refusal(ods(rows))


def test_a_formula_without_its_result_is_refused_with_what_to_do() -> None:
    said = refusal(workbook([HEADER, ROW, [*ROW[:5], "=1+2", ROW[6]]]))
    assert "row 3, column value: a formula without its result: open it in Excel or LibreOffice, save, send again" in said
    assert "formula" in refusal(workbook([HEADER, [f"=B{number}" for number in range(7)]]))
    assert "formula" in refusal(workbook([[f"=H{number}" for number in range(1, 8)], ROW]))


def test_formulas_with_results_or_beside_the_table_or_in_totals_do_no_harm() -> None:
    def calculated(name: str, member: bytes) -> bytes:
        return member.replace(b"<f>1+2</f><v />", b"<f>1+2</f><v>3.5</v>") if name.endswith("sheet1.xml") else member

    rows: list[Sequence[object]] = [[*HEADER, "lain"], [*ROW[:5], "=1+2", ROW[6], "=1+1"], ["Total", None, None, None, None, "=SUM(F2:F2)"]]
    assert read(rewritten(workbook(rows, [["=1+1"]]), calculated)) == [(2, ROW)]


def test_a_formula_whose_result_is_an_empty_text_is_an_empty_cell() -> None:
    def calculated(name: str, member: bytes) -> bytes:
        return member.replace(b'<c r="G2"><f>""</f><v />', b'<c r="G2" t="str"><f>""</f><v></v>') if name.endswith("sheet1.xml") else member

    (found,) = table(rewritten(workbook([HEADER, [*ROW[:6], '=""']]), calculated)).to_pylist()
    assert found["explanation"] is None


ERRORS = ["63.10", "2026-Q3", "PEMDI2026", "1", "self", "=1/0", "=NA()"]
LIKE_THE_ROW = [*ROW[:5], "#DIV/0!", "#N/A"]


def with_errors() -> openpyxl.Workbook:
    """The formulas' results are not in it: LibreOffice reckons them."""
    book = openpyxl.Workbook()
    for row in (HEADER, ERRORS, [None] * 5 + ["=1/0"], ROW):
        book.worksheets[0].append(row)
    return book


@libreoffice.NEEDS_SOFFICE
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_an_error_is_read_as_it_is_shown_unless_its_row_has_nothing_else(tmp_path: Path, kind: str) -> None:
    assert read(libreoffice.saved_as(tmp_path, saved(with_errors()), kind)) == [(2, LIKE_THE_ROW), (4, ROW)]


def test_an_error_that_was_pasted_as_a_value_is_read_as_it_is_shown() -> None:
    book = openpyxl.Workbook()
    for row in (HEADER, [*ROW[:5], "#REF!", ROW[6]]):
        book.worksheets[0].append(row)
    assert book.worksheets[0]["F2"].data_type == "e"
    assert read(saved(book)) == [(2, [*ROW[:5], "#REF!", ROW[6]])]


def test_a_header_with_slips_is_named_beside_what_is_missing() -> None:
    said = refusal(workbook([["Laporan triwulan"], ["Goverment Code", "Perode", "instrument_id", "indicator_id", "stage", "Skor"], ROW]))
    assert "missing: government_code (nearest found: 'goverment_code'), period (nearest found: 'perode'), value; accepted columns" in said


def test_the_sheets_of_a_workbook_without_a_table_are_named() -> None:
    assert "of any sheet (Sheet, Sheet1)" in refusal(workbook([["a"]], [["b"]]))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7 no zero bytes", "the file is a PDF, neither text nor a workbook"),
        (b"\xff\xd8\xff\xe0JFIF", "the file is a picture, neither"),
        (b"<html><table><tr><td>kode</td></tr></table></html>", "web page or XML: open it in Excel"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?><Workbook/>", "web page or XML"),
        (b"\x01\x02abc\x03\x7f", "neither text nor a workbook"),
        (b"\x93\x00\x81\x8d" * 40, "neither text nor a workbook|neither UTF-8 nor Windows-1252"),
    ],
)
def test_other_kinds_of_file_are_told_what_they_are(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        table(data)


def test_a_text_document_and_a_binary_workbook_are_refused() -> None:
    def only(name: str) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr(name, "x")
        return buffer.getvalue()

    assert "workbook cannot be opened" in refusal(only("word/document.xml"))
    assert "XLSB" in refusal(only("xl/workbook.bin"))


SOUND = {"xls": xls([HEADER, ROW]), "ods": ods(ods_row(HEADER) + ods_row(ROW)), "xlsx": workbook([HEADER, ROW])}
DAMAGE = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8)


def table_or_refusal(data: bytes) -> None:
    said = "accepted"
    try:
        table(data)
    except Unreadable as error:
        said = str(error)
    assert "accepted" in said


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(["ods", "xlsx"]), cut=st.floats(0, 1), damage=DAMAGE)
def test_a_damaged_zip_is_a_table_or_is_refused(kind: str, cut: float, damage: list[tuple[float, int]]) -> None:
    data = bytearray(SOUND[kind])
    for place, value in damage:
        data[int(place * len(data))] = value
    table_or_refusal(bytes(data))
    table_or_refusal(bytes(data[: int(cut * len(data))]))


@settings(max_examples=15, deadline=None)  # a process each
@given(cut=st.floats(0.5, 1), damage=DAMAGE)
def test_a_damaged_xls_is_a_table_or_is_refused(cut: float, damage: list[tuple[float, int]]) -> None:
    """It has no checksum: whatever its numbers have become is believed."""
    data = bytearray(SOUND["xls"])
    for place, value in damage:
        data[8 + int(place * (len(data) - 8))] = value
    table_or_refusal(bytes(data[: int(cut * len(data))]))


def test_an_xls_that_makes_its_reader_ask_for_all_memory_is_refused() -> None:
    """One cell's row and column become the last there are: 65,536 x 65,536 cells are set aside for it."""
    data = bytearray(SOUND["xls"])
    cell = next(place for place in (data.rfind(bytes(kind)) for kind in ((0x04, 0x02), (0x03, 0x02), (0xFD, 0x00))) if place > 0)
    data[cell + 4 : cell + 8] = b"\xff\xff\xff\xff"
    with pytest.raises(Unreadable, match="accepted"):
        table(bytes(data))


def test_dates_of_an_open_document_are_written_the_iso_way() -> None:
    cell = '<table:table-cell office:value-type="date" office:date-value="2026-01-02"><text:p>02/01/26</text:p></table:table-cell>'
    data = ods(ods_row([*HEADER, "evidence_date"]) + ods_row(ROW).replace("</table:table-row>", f"{cell}</table:table-row>"))
    assert table(data).column("evidence_date").to_pylist() == [date(2026, 1, 2).isoformat()]
