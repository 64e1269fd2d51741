"""Reading tables out of what agencies send: CSV as Excel writes it, workbooks, and things that are neither. Nothing is lost, nothing is made up."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.submissions import published_index, submission
from assets.submissions.sheet import HEADER_SEARCH_ROWS, read_sheet
from expectations.intake import Unreadable
from tests.conftest import ROOT

SUBMISSIONS = ROOT / "samples" / "submissions"
RAW = ROOT / "samples" / "raw" / "denpasar_spbe_levels.csv"
HEADER = "government_code,period,instrument_id,indicator_id,stage,value,explanation"
ROW = "63.10,2026-Q3,PEMDI2026,1,self,3.50,Naskah akademik"
READ = {
    "source_row": 2,
    "government_code": "63.10",
    "period": "2026-Q3",
    "instrument_id": "PEMDI2026",
    "indicator_id": "1",
    "stage": "self",
    "value": "3.50",
    "explanation": "Naskah akademik",
}


def read(data: bytes | str) -> list[dict[str, object]]:
    """The rows of a submission file, without the columns it does not have."""
    table = read_sheet(data.encode() if isinstance(data, str) else data, submission.COLUMNS, submission.ALIASES, submission.REQUIRED)
    assert table.column_names == ["source_row", *submission.COLUMNS, "surplus"]
    return [{name: value for name, value in row.items() if value is not None} for row in table.to_pylist()]


def workbook(*rows: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# Real files.


@pytest.mark.parametrize("name", ["denpasar_2018_self.csv", "denpasar_2018_final.csv", "denpasar_2021_self.xlsx", "denpasar_2021_final.xlsx"])
def test_denpasars_files_are_read_level_for_level(name: str) -> None:
    _, year, stage = name.partition(".")[0].split("_")
    column = {"self": "level_mandiri", "final": "level_pusat"}[stage]
    with RAW.open(encoding="utf-8", newline="") as file:
        levels = {row["indikator"]: row[column] for row in csv.DictReader(file) if row["tahun"] == year}
    rows = read((SUBMISSIONS / name).read_bytes())
    assert {row["indicator_id"]: row["value"] for row in rows} == levels
    assert {(row["government_code"], row["period"], row["stage"]) for row in rows} == {("51.71", f"{year}-Q4", stage)}
    assert [row["source_row"] for row in rows] == list(range(2, len(levels) + 2))


def test_the_published_numbers_are_read() -> None:
    data = (ROOT / "samples" / "published" / "spbe_published.csv").read_bytes()
    rows = read_sheet(data, published_index.COLUMNS, published_index.ALIASES, published_index.REQUIRED).to_pylist()
    kalteng = {row["component_id"]: row["value"] for row in rows if row["government_code"] == "62"}
    assert kalteng == {"-": "3.41", "D1": "3.50", "D2": "2.70", "D3": "2.73", "D4": "4.01"}


# CSV in its dialects.


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_comma_semicolon_and_tab_are_told_apart(separator: str, line_end: str, bom: bytes) -> None:
    text = f"{HEADER}{line_end}{ROW}{line_end}".replace(",", separator)
    assert read(bom + text.encode()) == [READ]


def test_a_comma_inside_a_cell_does_not_move_its_neighbours() -> None:
    assert read(f'{HEADER}\n63.10,2026-Q3,PEMDI2026,1,self,"3,50","a; ""b"", c"\n') == [READ | {"value": "3,50", "explanation": 'a; "b", c'}]
    assert read(f"{HEADER};x\n{ROW}\n".replace(",", ";").replace("3.50", "3,50")) == [READ | {"value": "3,50"}]


def test_a_file_in_the_windows_encoding_keeps_its_letters() -> None:
    assert read(f"{HEADER}\n{ROW} – “é”\n".encode("cp1252")) == [READ | {"explanation": "Naskah akademik – “é”"}]


def test_indonesian_headers_are_understood() -> None:
    header = "Kode Pemda;KODE_SKPD;periode;Instrumen; indikator ;Tahap;NILAI;Penjelasan;bukti;Tanggal Bukti;pengirim;Tanggal  Kirim;Tindakan"
    assert set(submission.ALIASES.values()) == set(submission.COLUMNS)
    row = "63;002;2026-Q3;PEMDI2026;1;mandiri;3;baik;perda.pdf;2026-01-02;Sari;2026-09-01;tarik"
    (found,) = read(f"{header}\n{row}\n")
    assert list(found.values()) == [2, *row.split(";")]
    assert list(found) == ["source_row", *submission.COLUMNS]


@pytest.mark.parametrize(
    ("titles", "separator"),
    [
        (["Penilaian mandiri"], ","),
        (["Penilaian mandiri", "", "Provinsi Kalimantan Selatan,,,,"], ","),
        (["Penilaian mandiri;;;;;;", ";;;;;;"], ";"),  # as Excel writes a title: padded to the width of the table
        (["Penilaian mandiri", ""], ";"),
        (["Penilaian mandiri, 2026", ""], ";"),
        (["Penilaian mandiri"], "\t"),
    ],
)
def test_titles_above_the_header_are_passed_over(titles: list[str], separator: str) -> None:
    text = "\n".join([*titles, HEADER.replace(",", separator), ROW.replace(",", separator)])
    assert read(text) == [READ | {"source_row": len(titles) + 2}]


def test_the_header_is_looked_for_in_the_first_rows_only() -> None:
    def with_titles(count: int) -> str:
        return "judul\n" * count + f"{HEADER}\n{ROW}\n"

    assert len(read(with_titles(HEADER_SEARCH_ROWS - 1))) == 1
    with pytest.raises(Unreadable, match=f"no header row found in the first {HEADER_SEARCH_ROWS} rows"):
        read(with_titles(HEADER_SEARCH_ROWS))


def test_columns_may_come_in_any_order_and_others_are_passed_over() -> None:
    names = HEADER.split(",")
    cells = ROW.split(",")
    text = ",".join(["No.", *reversed(names), "catatan"]) + "\n" + ",".join(["1", *reversed(cells), "x"]) + "\n"
    assert read(text) == [READ]


def test_of_two_columns_of_one_name_the_first_counts() -> None:
    assert read(f"{HEADER},nilai\n{ROW},1\n") == [READ]


def test_empty_rows_are_passed_over_and_rows_keep_their_numbers() -> None:
    rows = read(f"{HEADER}\n{ROW}\n\n , ,\n\u00a0,,\n{ROW}\n")
    assert [row["source_row"] for row in rows] == [2, 6]


def test_short_rows_lack_their_last_cells_and_long_ones_have_a_surplus() -> None:
    rows = read(f"{HEADER}\n63.10,2026-Q3\n{ROW},spare,,more\n{ROW},,,\n")
    assert rows == [
        {"source_row": 2, "government_code": "63.10", "period": "2026-Q3"},
        READ | {"source_row": 3, "surplus": "spare; more"},
        READ | {"source_row": 4, "surplus": ""},
    ]


def test_what_stands_beside_the_table_of_a_workbook_is_no_surplus() -> None:
    assert read(workbook(HEADER.split(","), [*ROW.split(","), None, "periksa lagi"])) == [READ]


def test_a_header_alone_is_a_table_without_rows() -> None:
    assert read(HEADER) == []


# What is no table.


def test_missing_columns_are_named_and_so_are_those_accepted() -> None:
    with pytest.raises(Unreadable) as caught:
        read("kode_pemda,periode,nilai,tahap\n63,2026-Q3,3,self\n")
    assert "missing: indicator_id, instrument_id; accepted columns: government_code, agency_code, period" in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\n\n\n", b"   ", b"just a line"], ids=["empty", "BOM only", "empty lines", "blanks", "a line"])
def test_a_file_without_a_table_is_refused_with_what_is_accepted(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"missing: government_code, indicator_id, .*accepted columns: "):
        read(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"%PDF-1.7\n\x00\x01\x02", "neither text nor a workbook"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "neither"),
        (b"PK\x03\x04 no zip at all", "workbook cannot be opened"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no workbook", "workbook cannot be opened"),
        (f'{HEADER}\n63,"2026-Q3\n'.encode(), "CSV cannot be read"),
        (f'{HEADER}\n63,"2026"-Q3\n'.encode(), "CSV cannot be read"),
        (f"{HEADER}\n63,{'x' * 200_000}\n".encode(), "CSV cannot be read"),
    ],
    ids=["pdf", "png", "no zip", "no ole", "open quote", "text after a quote", "huge cell"],
)
def test_what_is_no_table_is_refused_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=said) as caught:
        read(data)
    assert "accepted: " in str(caught.value)


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("levels.csv", f"{HEADER}\n{ROW}\n")
    with pytest.raises(Unreadable, match="workbook cannot be opened"):
        read(buffer.getvalue())


def readable_or_refused(data: bytes) -> None:
    refusal = ""
    try:
        read_sheet(data, submission.COLUMNS, submission.ALIASES, submission.REQUIRED)
    except Unreadable as error:
        refusal = str(error)
    assert not refusal or "accepted" in refusal


@settings(max_examples=200, deadline=None)
@given(start=st.sampled_from([b"", HEADER.encode() + b"\n", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xef\xbb\xbf"]), rest=st.binary(max_size=600))
def test_any_bytes_are_a_table_or_are_refused(start: bytes, rest: bytes) -> None:
    readable_or_refused(start + rest)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 10**6), damage=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6))
def test_a_damaged_workbook_is_a_table_or_is_refused(cut: int, damage: list[tuple[int, int]]) -> None:
    data = bytearray((SUBMISSIONS / "denpasar_2021_self.xlsx").read_bytes())
    for place, value in damage:
        data[place % len(data)] = value
    readable_or_refused(bytes(data))
    readable_or_refused(bytes(data[: cut % len(data)]))


# Workbooks.


def test_a_workbook_is_read_like_a_csv_with_codes_as_text_and_numbers_as_written() -> None:
    header = HEADER.split(",")
    rows = read(
        workbook(
            header,
            ["63.10", "2026-Q3", "PEMDI2026", "1", "self", 3.5, "angka"],
            ["63", "2026-Q3", "PEMDI2026", 2, "self", 4, "bulat"],
            [63.1, "2026-Q3", "PEMDI2026", 3, "self", 4.0, "kode sebagai angka"],
            ["01", "2026-Q3", "PEMDI2026", "35-2", "self", "3,25", "teks"],
        )
    )
    assert [(row["government_code"], row["indicator_id"], row["value"]) for row in rows] == [
        ("63.10", "1", "3.5"),
        ("63", "2", "4"),
        ("63.1", "3", "4"),  # what Excel did to 63.10: what it means is not asked here
        ("01", "35-2", "3,25"),
    ]


def test_hard_spaces_in_a_workbook_are_spaces() -> None:
    header = [name.replace("_", "\u00a0") + "\u00a0" for name in HEADER.split(",")]
    assert read(workbook(header, ["\u00a063.10 ", *[f"\u00a0{cell}" for cell in ROW.split(",")[1:6]], "Naskah\u00a0akademik\u00a0"])) == [READ]


def test_dates_in_a_workbook_are_written_the_iso_way() -> None:
    header = [*HEADER.split(","), "evidence_date", "submitted_at"]
    (row,) = read(workbook(header, [*ROW.split(","), date(2026, 1, 2), datetime(2026, 9, 1, 13, 30)]))  # noqa: DTZ001  # cells have no zone
    assert str(row["evidence_date"]).startswith("2026-01-02")
    assert row["submitted_at"] == "2026-09-01T13:30:00"


def test_rows_of_a_workbook_keep_their_numbers() -> None:
    rows = read(workbook(["Penilaian mandiri"], [], HEADER.split(","), ROW.split(","), [], [None, " "], ROW.split(",")))
    assert [row["source_row"] for row in rows] == [4, 7]


def test_a_table_that_starts_further_right_and_down_is_found() -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for column, (name, cell) in enumerate(zip(HEADER.split(","), ROW.split(","), strict=True), start=3):
        sheet.cell(row=5, column=column, value=name)
        sheet.cell(row=6, column=column, value=cell)
    buffer = io.BytesIO()
    book.save(buffer)
    assert read(buffer.getvalue()) == [READ | {"source_row": 6}]


def test_an_empty_workbook_is_refused() -> None:
    with pytest.raises(Unreadable, match="no header row found"):
        read(workbook())


# Any table.

COLUMNS = ("code", "value", "note")
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def trimmed(cell: str) -> str | None:
    return cell.replace("\u00a0", " ").strip() or None


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=8),
    separator=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encode=st.sampled_from([lambda text: text.encode(), lambda text: text.encode("utf-8-sig")]),
)
def test_any_table_comes_back_cell_for_cell(rows: list[tuple[str, str, str]], separator: str, quoting: int, encode: Callable[[str], bytes]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=separator, quoting=quoting, lineterminator="\r\n")  # type: ignore[arg-type]  # one of csv's own constants
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    table = read_sheet(encode(buffer.getvalue()), COLUMNS, {}, ("code", "value"))
    wanted = [(number, *map(trimmed, row)) for number, row in enumerate(rows, start=2) if any(map(trimmed, row))]
    assert [tuple(row.values()) for row in table.drop_columns(["surplus"]).to_pylist()] == wanted


XML_CELL = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=12).filter(
    lambda text: not text.startswith("=") and "_x" not in text
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(XML_CELL, st.integers(-(10**9), 10**9), st.decimals(0, 5, places=2)), max_size=6))
def test_any_workbook_comes_back_cell_for_cell(rows: list[tuple[str, int, object]]) -> None:
    data = workbook(COLUMNS, *[(text, whole, float(str(share))) for text, whole, share in rows])
    found = read_sheet(data, COLUMNS, {}, ("code", "value")).drop_columns(["surplus"]).to_pylist()
    wanted = [(number, trimmed(text), str(whole), f"{float(str(share)):g}") for number, (text, whole, share) in enumerate(rows, start=2)]
    assert [tuple(row.values()) for row in found] == wanted
