"""What senders are told: their own rows in their own order, each with its verdict; corrected and sent again it is a revision."""

import csv
import io
import shutil
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from assets.submissions import feedback, submission
from tests.libreoffice import NEEDS_SOFFICE, saved_as
from tests.office import KALSEL, Office
from warehouse import reference
from warehouse.files import write_atomically

HEADER = ("kode_pemda", "kode_skpd", "periode", "instrumen", "indikator", "tahap", "nilai", "penjelasan", "bukti", "pengirim")


def row(indicator: str, value: str, explanation: str = "ada", evidence: str | None = None, sender: str = "Nama Pengirim") -> tuple[str, ...]:
    named = f"{indicator}.pdf" if evidence is None else evidence
    return ("63", "", "2026-Q1", "SPBE2020", indicator, "mandiri", value, explanation, named, sender)


def sheet(*rows: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def table(office: Office, name: str) -> list[dict[str, Any]]:
    """The rows of a feedback workbook by header."""
    (found,) = openpyxl.load_workbook(office.folder / name).worksheets
    lines = [list(line) for line in found.iter_rows(values_only=True)]
    header = next(index for index, line in enumerate(lines) if line[0] == "status")
    return [dict(zip(lines[header], line, strict=True)) for line in lines[header + 1 :]]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_each_row_comes_back_in_its_order_with_verdict_reason_and_remedy(office: Office) -> None:
    office.receive("kiriman.csv", sheet(row("3", "4"), row("1", "9"), row("2", "3", evidence="")))
    assert office.tell() == 1
    told = table(office, "kiriman.csv.xlsx")
    assert [(line["status"], line["indikator"], line["nilai"], line["baris"]) for line in told] == [
        ("diterima", "3", "4", "2"),
        ("ditolak", "1", "9", "3"),
        ("peringatan", "2", "3", "4"),
    ]
    accepted, rejected, warned = told
    assert accepted["alasan"] is None
    assert accepted["cara_memperbaiki"] is None
    assert "dalam skala instrumen" in rejected["alasan"]
    assert "[nilai = 9]" in rejected["alasan"]
    assert rejected["cara_memperbaiki"] == "Isi satu angka dalam skala instrumennya."
    assert "bukti" in warned["alasan"]
    text = office.text("kiriman.csv")
    assert "3 baris: 1 diterima, 1 diterima dengan peringatan, 1 ditolak" in text
    assert "Baris 3, indikator 1: ditolak" in text


def test_every_row_rule_of_submissions_says_how_to_mend_it() -> None:
    to_mend = {rule.rule_id for rule in submission.READER.suite.rules if rule.scope == "row" and rule.severity != "info"}
    assert to_mend == {rule for rule in feedback.REMEDIES if rule.startswith("submission.")}


def test_what_rules_show_is_called_by_words_of_the_sender() -> None:
    """No column name of ours stands in a reason."""
    shown = {column.removesuffix("_text") for rule in submission.READER.suite.rules if rule.scope == "row" for column in rule.shows}
    assert shown <= set(feedback.LABELS)


def test_a_decimal_comma_without_quotes_is_set_aside_and_told(office: Office) -> None:
    header = ",".join(HEADER)
    rows = [f"63,,2026-Q4,PEMDI2026,{indicator},final,{value}" for indicator, value in ((1, "2,75,,,"), (2, "2,75,ada,sk.pdf,Sari"), (3, '"2,75",,,,,,'))]
    office.now += timedelta(days=240)
    office.receive("koma.csv", "\n".join([header, *rows, ""]).encode())
    office.tell()
    assert office.ask("select indicator_id, value from core.assessment") == [("3", Decimal("2.75"))]
    text = office.text("koma.csv")
    assert "Baris 2, indikator 1: ditolak" in text
    assert "[yang tidak pada kolomnya = 2,75]" in text
    assert "Baris 3, indikator 2: ditolak" in text
    assert "[yang tidak pada kolomnya = Sari]" in text


def test_the_reason_shows_the_error_that_stands_in_the_cell(office: Office) -> None:
    book = openpyxl.Workbook()
    for line in (HEADER, row("1", "#DIV/0!")):
        book.worksheets[0].append(line)
    buffer = io.BytesIO()
    book.save(buffer)
    office.receive("galat.xlsx", buffer.getvalue())
    office.tell()
    (told,) = table(office, "galat.xlsx")
    assert "[nilai = #DIV/0!]" in told["alasan"]


def test_two_rows_for_one_key_name_each_other(office: Office) -> None:
    office.receive("ganda.csv", sheet(row("1", "3"), row("2", "2"), row("1", "4")))
    office.tell()
    first, other, second = table(office, "ganda.csv.xlsx")
    assert [line["status"] for line in (first, other, second)] == ["ditolak", "diterima", "ditolak"]
    assert "[baris lain: 4]" in first["alasan"]
    assert "[baris lain: 2]" in second["alasan"]


def test_rows_of_a_second_sheet_are_named_by_sheet_and_row(office: Office) -> None:
    book = openpyxl.Workbook()
    for name in ("satu", "catatan", "dua"):
        made = book.create_sheet(name)
        for line in (HEADER, row("1", "3")) if name != "catatan" else [("bukan tabel",)]:
            made.append(line)
    book["dua"].sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    office.receive("dua lembar.xlsx", buffer.getvalue())
    office.tell()
    first, second = table(office, "dua lembar.xlsx")
    assert (first["baris"], second["baris"]) == ("lembar 'satu' baris 2", "lembar 'dua' (tersembunyi) baris 2")
    assert "[baris lain: lembar 'dua' (tersembunyi) baris 2]" in first["alasan"]
    assert "[baris lain: lembar 'satu' baris 2]" in second["alasan"]
    assert "Pada lembar 'dua' (tersembunyi) baris 2, indikator 1: ditolak" in office.text("dua lembar.xlsx")


def test_corrected_and_sent_again_it_is_a_revision(office: Office) -> None:
    office.receive("kiriman.csv", sheet(row("1", "9"), row("2", "3"), row("3", "2")))
    office.tell()
    path = office.folder / "kiriman.csv.xlsx"
    book = openpyxl.load_workbook(path)
    (found,) = book.worksheets
    header = next(line for line in found.iter_rows() if line[0].value == "status")
    value = next(cell.column for cell in header if cell.value == "nilai")
    found.cell(header[0].row + 1, value).value = "4"
    found.cell(header[0].row + 3, value).value = 3
    buffer = io.BytesIO()
    book.save(buffer)
    office.receive("kiriman.csv.xlsx", buffer.getvalue())
    read, added, updated, unchanged, rejected = office.ask(
        "select read, added, updated, unchanged, rejected from meta.batch where source_name = 'kiriman.csv.xlsx'"
    )[0]
    assert (read, added, updated, unchanged, rejected) == (3, 1, 1, 1, 0)
    found_values = office.ask("select indicator_id, value from core.assessment_current order by 1")
    assert found_values == [("1", Decimal(4)), ("2", Decimal(3)), ("3", Decimal(3))]
    assert office.ask("select distinct resolved_at is not null from quality.failed_row where rule_id = 'submission.value_in_scale'") == [(True,)]


@pytest.mark.parametrize("trap", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_cells_that_begin_like_a_formula_are_text(office: Office, trap: str) -> None:
    office.receive("rumus.csv", sheet(row("1", "3", explanation=trap)))
    office.tell()
    (found,) = openpyxl.load_workbook(office.folder / "rumus.csv.xlsx").worksheets
    (cell,) = [cell for line in found.iter_rows() for cell in line if cell.value == trap]
    assert cell.data_type == "s"
    assert cell.quotePrefix


@NEEDS_SOFFICE
def test_libreoffice_opens_it_and_reckons_no_formula(office: Office, tmp_path: Path) -> None:
    office.receive("rumus.csv", sheet(row("1", "9", explanation="=1+1"), row("2", "3", explanation="-2")))
    office.tell()
    seen = list(csv.reader(io.StringIO(saved_as(tmp_path, (office.folder / "rumus.csv.xlsx").read_bytes(), "csv").decode())))
    header = next(line for line in seen if line[0] == "status")
    explained = {line[0]: line[header.index("penjelasan")] for line in seen[seen.index(header) + 1 :]}
    assert explained == {"ditolak": "=1+1", "diterima": "-2"}


def test_a_file_that_cannot_be_read_is_told_so(office: Office) -> None:
    office.receive("laporan.pdf", b"%PDF-1.4")
    assert office.tell() == 1
    text = office.text("laporan.pdf")
    assert "seluruh berkas ditolak" in text
    assert "Berkas tidak dapat dibaca" in text
    assert "Yang diterima: XLSX" in text
    assert (office.folder / "laporan.pdf.xlsx").exists()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("laporan.pdf", b"%PDF-1.4", "PDF, bukan teks atau buku kerja."),
        ("kosong.csv", b"", "berkas kosong; baris judul kolom tidak ditemukan"),
        ("salah.csv", b"kode_pemda,priode,nilai\n63,2026-Q1,3\n", "periode (mungkin 'priode')"),
        ("situs.csv", b"<html><body>masuk</body></html>", "berkas berupa halaman web atau XML"),
        ("rusak.xlsx", b"PK\x03\x04 rusak", "buku kerja tidak dapat dibuka: rusak atau jenisnya lain"),
        ("kutip.csv", b'kode_pemda,periode,instrumen,indikator,tahap,nilai\n63,"a"b,c,d,e,f\n', "CSV tidak terbaca sejak baris 2"),
        ("koreksi.csv", b"[1]", "kurang"),
    ],
)
def test_why_a_file_cannot_be_read_is_told_in_indonesian(office: Office, name: str, data: bytes, said: str) -> None:
    office.receive(name, data)
    office.tell()
    text = office.text(name)
    assert said in text
    assert not {"the", "accepted", "file", "row", "missing"} & set(text.split())


def test_a_file_without_rows_is_told_so_in_indonesian(office: Office) -> None:
    office.receive("kosong.csv", sheet())
    office.tell()
    assert "Berkas harus berisi sedikitnya satu baris penilaian." in office.text("kosong.csv")


def test_who_was_told_is_not_told_again_unless_the_verdict_is_of_another_batch(office: Office) -> None:
    office.receive("kiriman.csv", sheet(row("1", "9")))
    assert office.tell() == 1
    before = (office.folder / "kiriman.csv.txt").stat().st_mtime_ns
    assert office.tell() == 0
    assert (office.folder / "kiriman.csv.txt").stat().st_mtime_ns == before
    office.receive("kiriman.csv", sheet(row("1", "3")))
    assert office.tell() == 1
    assert "1 baris: 1 diterima" in office.text("kiriman.csv")


def test_whoever_sends_a_known_file_under_another_name_is_told(office: Office) -> None:
    office.receive("a.csv", sheet(row("1", "9"), row("2", "3")))
    office.tell()
    office.receive("b.csv", sheet(row("1", "9"), row("2", "3")))
    assert office.tell() == 1
    text = office.text("b.csv")
    assert "Umpan balik atas b.csv\nDiterima 2026-04-01 02:01 UTC\n2 baris: 1 diterima" in text
    assert "Isinya sama dengan a.csv, yang diterima 2026-04-01 01:00 UTC: tidak dinilai dua kali." in text
    assert "Baris 2, indikator 1: ditolak" in text
    assert [line["status"] for line in table(office, "b.csv.xlsx")] == ["ditolak", "diterima"]
    assert "feedback on b.csv, which is the same file as a.csv: " in office.said[-1]
    assert "Isinya sama" not in office.text("a.csv")
    assert office.tell() == 0
    assert office.ask("select source_name from meta.batch") == [("a.csv",)]


def test_of_what_came_under_one_name_the_sender_is_told_of_the_last(office: Office) -> None:
    office.receive("a.csv", sheet(row("1", "9")))
    office.receive("b.csv", sheet(row("1", "3")))
    office.tell()
    office.receive("b.csv", sheet(row("1", "9")))
    assert office.tell() == 1
    assert "Isinya sama dengan a.csv" in office.text("b.csv")
    office.receive("b.csv", sheet(row("1", "2")))
    assert office.tell() == 1
    assert "Isinya sama" not in office.text("b.csv")


def test_a_run_killed_before_it_told_the_sender_is_made_good_by_the_next(office: Office) -> None:
    """The text is written last: a workbook alone is feedback that nobody finished."""
    office.receive("kiriman.csv", sheet(row("1", "9")))
    write_atomically(office.folder / "kiriman.csv.xlsx", b"left by a run that was killed")
    assert office.tell() == 1
    assert table(office, "kiriman.csv.xlsx")[0]["status"] == "ditolak"


def test_long_files_are_told_in_full_in_the_workbook_and_in_short_in_the_text(office: Office) -> None:
    office.receive("panjang.csv", sheet(*(row("1", str(10 + number)) for number in range(80))))
    office.tell()
    assert len(table(office, "panjang.csv.xlsx")) == 80
    text = office.text("panjang.csv")
    assert text.count("\nBaris ") == feedback.ROWS_IN_TEXT
    assert "dan 30 baris lain" in text


def test_an_agency_that_becomes_known_has_its_files_judged_again(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kode_skpd = HEADER.index("kode_skpd")
    named = list(row("3", "4"))
    named[kode_skpd] = "Badan Percontohan"
    office.receive("kiriman.csv", sheet(tuple(named)))
    office.tell()
    (told,) = table(office, "kiriman.csv.xlsx")
    assert (told["status"], "Badan Percontohan" in told["alasan"]) == ("ditolak", True)

    listed = shutil.copytree(reference._FOLDER, tmp_path / "reference")
    with (listed / "agency.csv").open("a", encoding="utf-8") as file:
        file.write("63,990,Badan Percontohan,,,,generated for this test\n")
    monkeypatch.setattr(reference, "_FOLDER", listed)
    monkeypatch.setattr(submission, "READER_OF_MANY_SENDERS", replace(office.reader, parser_version=submission.version()))
    with office.warehouse.open_for_writing() as connection:
        reference.load(connection, (KALSEL,))
    office.now += timedelta(days=1)
    office.take_in([])
    office.tell()
    assert table(office, "kiriman.csv.xlsx")[0]["status"] == "peringatan", "it is known by its name, which is not its code"
    assert office.ask("select agency_code, indicator_id from core.assessment") == [("990", "3")]
    assert office.ask("select rejected from quality.current_batch") == [(0,)]
