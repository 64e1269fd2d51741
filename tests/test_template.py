"""The workbook an official fills: what it offers and locks, that what is filled in comes back through the reader and the gate, that LibreOffice opens
it and reckons what is missing, and what is said of names nobody knows."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from assets.submissions import submission, template
from assets.submissions.sheet import read_sheet
from assets.submissions.template import Indicator, Level, Template
from expectations.intake import Arrival, take_in
from tests.conftest import ROOT, kesiapan
from tests.libreoffice import NEEDS_SOFFICE, saved_as
from warehouse import database, migrations, reference
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.home import Home
from warehouse.period import NotAPeriod
from warehouse.registry import Feed, FeedKind, Government

KALSEL = Government("63", "Provinsi Kalimantan Selatan", "Asia/Makassar")
RECEIVED = datetime(2026, 9, 2, tzinfo=UTC)
LEVELS = """
create or replace table ref.level as
select * replace (level::integer as level, valid_from::date as valid_from, valid_to::date as valid_to, known_at::timestamptz as known_at)
from read_csv($1, all_varchar = true, header = true)
"""
FIRST, LAST_OF_SPBE2020 = template.FIRST_ROW, template.FIRST_ROW + 46
COLUMN = template.LETTER
INPUTS = {"nilai", "penjelasan", "bukti", "tanggal_bukti", "pengirim", "tanggal_kirim"}
CONTRACT = ["kode_pemda", "kode_skpd", "periode", "instrumen", "indikator", "tahap", *sorted(INPUTS)]


def with_reference(connection: duckdb.DuckDBPyConnection) -> None:
    reference.load(connection, (KALSEL,))
    connection.execute(LEVELS, [str(ROOT / "warehouse" / "reference" / "level.csv")])


@pytest.fixture(scope="module")
def known() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        with_reference(connection)
        yield connection


def loaded(connection: duckdb.DuckDBPyConnection, **differs: Any) -> Template:
    asked = {"instrument_id": "SPBE2020", "government_code": "63", "agency_code": "102", "period": "2026-Q2"} | differs
    return template.load(connection, **asked)


@pytest.fixture(scope="module")
def spbe(known: duckdb.DuckDBPyConnection) -> Template:
    return loaded(known)


def opened(data: bytes, values: bool = False) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def page(book: openpyxl.Workbook, number: int = 0) -> Worksheet:
    return book.worksheets[number]


def header(sheet: Worksheet) -> list[str]:
    return [str(cell.value) for cell in sheet[template.HEADER_ROW]]


def read(data: bytes) -> list[dict[str, str | None]]:
    rows: list[dict[str, str | None]] = read_sheet(data, submission.COLUMNS, submission.ALIASES, submission.REQUIRED).to_pylist()
    return rows


def filled(data: bytes, values: list[float | str | None], explained: bool = True) -> bytes:
    """As an official fills it: the values from the first row on, and all that goes with those above the lowest."""
    book = opened(data)
    sheet = page(book)
    for row, value in enumerate(values, start=FIRST):
        sheet[f"{COLUMN['value']}{row}"] = value
        if value is not None and explained:
            sheet[f"{COLUMN['explanation']}{row}"] = f"- Pergub 12/2023, pasal {row}"
            sheet[f"{COLUMN['evidence_file']}{row}"] = f"{row}_1_Pergub.pdf"
            sheet[f"{COLUMN['evidence_date']}{row}"] = date(2026, 5, 30)
            sheet[f"{COLUMN['submitted_by']}{row}"] = "Pengisi contoh"
            sheet[f"{COLUMN['submitted_at']}{row}"] = date(2026, 7, 1)
    return saved(book)


# Levels of the instruments.


def test_every_level_on_the_scale_of_an_instrument_has_a_name_and_a_meaning(known: duckdb.DuckDBPyConnection) -> None:
    scales = known.execute("select instrument_id, value_min, value_max from ref.instrument").fetchall()
    for instrument_id, low, high in scales:
        found = known.execute(
            "select capability, list(level order by level) from ref.level where instrument_id = $1 group by capability", [instrument_id]
        ).fetchall()
        assert found
        assert all(levels == list(range(low, high + 1)) for _, levels in found)
    texts = "name_id, name_en, meaning_id, meaning_en, source"
    assert known.execute(f"select count(*) from ref.level where list_contains([{texts}], null) or list_contains([{texts}], '')").fetchone() == (0,)


def test_levels_hold_as_long_as_their_instrument(known: duckdb.DuckDBPyConnection) -> None:
    spans = "instrument_id, valid_from, valid_to, known_at"
    assert known.execute(f"select distinct {spans} from ref.level except select {spans} from ref.instrument").fetchall() == []


def test_every_indicator_has_levels(known: duckdb.DuckDBPyConnection) -> None:
    for instrument_id, period, count in (("SPBE2018", "2019-Q4", 37), ("SPBE2020", "2021-Q4", 47), ("PEMDI2026", "2026-Q3", 20)):
        found = loaded(known, instrument_id=instrument_id, period=period).indicators
        assert len(found) == count
        assert all(indicator.levels for indicator in found)


# What is in it.


def test_an_agency_gets_a_row_for_each_indicator_in_the_instruments_order(spbe: Template) -> None:
    data = template.write(spbe)
    rows = read(data)
    assert [row["indicator_id"] for row in rows] == [str(number) for number in range(1, 48)]
    assert {(row["government_code"], row["agency_code"], row["period"], row["instrument_id"], row["stage"]) for row in rows} == {
        ("63", "102", "2026-Q2", "SPBE2020", "self")
    }
    assert {row[column] for row in rows for column in ("value", "explanation", "evidence_file", "evidence_date", "submitted_by", "submitted_at")} == {None}
    sheet = page(opened(data))
    assert set(CONTRACT) <= set(header(sheet))
    assert sheet[f"{COLUMN['name']}{FIRST}"].value == "Kebijakan Internal Arsitektur SPBE"
    assert sheet[f"{COLUMN['aspect']}{FIRST}"].value == "Kebijakan SPBE: Kebijakan Internal Tata Kelola SPBE"


def test_an_agency_that_holds_some_indicators_gets_these(known: duckdb.DuckDBPyConnection) -> None:
    some = loaded(known, indicators={"43", "2", "23"})
    assert [row["indicator_id"] for row in read(template.write(some))] == ["2", "23", "43"]


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize(
    ("instrument_id", "period", "values"),
    [("SPBE2018", "2020-Q4", [0, 3, 5]), ("SPBE2020", "2026-Q2", [1, 3, 5]), ("PEMDI2026", "2026-Q3", [1, 3.25, 5])],
)
def test_what_is_filled_in_comes_back(
    known: duckdb.DuckDBPyConnection, instrument_id: str, period: str, values: list[float | str | None], language: str
) -> None:
    data = template.write(loaded(known, instrument_id=instrument_id, period=period, government_code="63.10", agency_code="-", language=language))
    rows = read(filled(data, values))
    assert [row["value"] for row in rows[:4]] == [*(f"{value:g}" for value in values), None]
    assert rows[1] | {"source_row": None} == {
        "source_row": None,
        "government_code": "63.10",
        "agency_code": "-",
        "period": period,
        "instrument_id": instrument_id,
        "indicator_id": "2",
        "stage": "self",
        "value": f"{values[1]:g}",
        "explanation": f"- Pergub 12/2023, pasal {FIRST + 1}",
        "evidence_file": f"{FIRST + 1}_1_Pergub.pdf",
        "evidence_date": "2026-05-30",
        "submitted_by": "Pengisi contoh",
        "submitted_at": "2026-07-01",
        "act": None,
        "surplus": None,
    }


def taken_in(folder: Path, data: bytes) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The batch's ledger row and its failed rows, after the file's way through archive, rules and promotion."""
    warehouse, archive = Warehouse(folder / "warehouse.duckdb"), Archive(folder / "archive")
    with warehouse.open_for_writing() as connection:
        reference.load(connection, (KALSEL,))
    feed = Feed("inbox", FeedKind.SUBMISSION, KALSEL, path=folder / "none")
    artifact = archive.store(feed.id, "penilaian.xlsx", data, RECEIVED)
    take_in(warehouse, archive, feed, submission.READER, Arrival([artifact]), "run 1", lambda: RECEIVED + timedelta(seconds=1), lambda _: None)
    with warehouse.open_for_reading() as connection:
        batch = connection.execute("select status, read, added, rejected, message from meta.batch").fetchall()
        failed = connection.execute("select rule_id, count(*) from quality.failed_row group by rule_id order by rule_id").fetchall()
    return batch, failed


def test_a_workbook_that_is_filled_in_is_promoted_whole(tmp_path: Path, spbe: Template) -> None:
    values: list[float | str | None] = [1 + number % 5 for number in range(47)]
    batch, failed = taken_in(tmp_path, filled(template.write(spbe), values))
    assert batch == [("promoted", 47, 47, 0, None)]
    assert failed == []


def test_rows_left_as_they_were_are_no_rows_of_the_submission(tmp_path: Path, spbe: Template) -> None:
    batch, failed = taken_in(tmp_path, filled(template.write(spbe), [3, 4, None, 2]))
    assert batch == [("promoted", 3, 3, 0, None)]
    assert failed == []


def test_a_row_that_only_says_who_sent_it_and_when_claims_nothing(tmp_path: Path, spbe: Template) -> None:
    """Sender and day are filled in once and copied down, as the instructions have it."""
    book = opened(filled(template.write(spbe), [3]))
    for row in range(FIRST, LAST_OF_SPBE2020 + 1):
        page(book)[f"{COLUMN['submitted_by']}{row}"] = "Pengisi contoh"
        page(book)[f"{COLUMN['submitted_at']}{row}"] = date(2026, 7, 1)
    assert taken_in(tmp_path, saved(book)) == ([("promoted", 1, 1, 0, None)], [])


@pytest.mark.parametrize("column", ["explanation", "evidence_file", "evidence_date"])
def test_a_row_with_an_explanation_or_evidence_and_no_level_is_set_aside(tmp_path: Path, spbe: Template, column: str) -> None:
    book = opened(filled(template.write(spbe), [3]))
    page(book)[f"{COLUMN[column]}{FIRST + 1}"] = date(2026, 5, 30) if column == "evidence_date" else "Pergub 12/2023"
    assert taken_in(tmp_path, saved(book)) == ([("promoted", 2, 1, 1, None)], [("submission.value_in_scale", 1)])


def test_a_workbook_that_nobody_filled_in_is_refused_for_having_no_rows(tmp_path: Path, spbe: Template) -> None:
    (batch,), _ = taken_in(tmp_path, template.write(spbe))
    assert batch[:4] == ("rejected", 0, 0, 0)
    assert "submission.has_rows" in batch[4]


# What can be changed.


def test_only_the_inputs_are_unlocked(spbe: Template) -> None:
    book = opened(template.write(spbe))
    assert all(sheet.protection.sheet and not sheet.protection.password for sheet in book.worksheets)
    sheet = page(book)
    names = header(sheet)
    assert {name for row in sheet.iter_rows() for name, cell in zip(names, row, strict=True) if not cell.protection.locked} == INPUTS
    assert {cell.row for row in sheet.iter_rows() for cell in row if not cell.protection.locked} == set(range(FIRST, LAST_OF_SPBE2020 + 1))
    assert all(cell.protection.locked for other in book.worksheets[1:] for row in other.iter_rows() for cell in row)


def test_whole_levels_are_chosen_from_the_list_of_their_capability(spbe: Template) -> None:
    book = opened(template.write(spbe))
    lists = [rule for rule in page(book).data_validations.dataValidation if rule.type == "list"]
    offered: dict[int, list[tuple[Any, Any]]] = {}
    for rule in lists:
        assert (rule.showErrorMessage, rule.errorStyle) == (True, "stop")
        name, cells = rule.formula1.split("!")
        options = [(cell.value, book[name].cell(cell.row, 3).value) for row in book[name][cells.replace("$", "")] for cell in row]
        for cells in rule.sqref.ranges:
            offered |= {row - FIRST + 1: options for row in range(cells.min_row, cells.max_row + 1)}
            assert cells.coord.startswith(COLUMN["value"])
        assert all(f"{number}  {level}" in rule.prompt for number, level in options)
    assert sorted(offered) == list(range(1, 48))
    assert [level for level, _ in offered[1]] == [1, 2, 3, 4, 5]
    assert offered[31][1] == (2, "Terkelola")
    assert offered[32][1] == (2, "Interaksi")


def test_decimal_values_must_lie_on_the_scale(known: duckdb.DuckDBPyConnection) -> None:
    data = template.write(loaded(known, instrument_id="PEMDI2026", period="2026-Q3"))
    rules = {rule.type: rule for rule in page(opened(data)).data_validations.dataValidation}
    assert "list" not in rules
    decimal = rules["decimal"]
    assert (decimal.operator, decimal.formula1, decimal.formula2) == ("between", "1", "5")
    assert "dua desimal" in decimal.error


def test_dates_must_be_dates_that_have_passed(spbe: Template) -> None:
    rule = next(rule for rule in page(opened(template.write(spbe))).data_validations.dataValidation if rule.type == "date")
    assert f"{COLUMN['evidence_date']}{FIRST}:{COLUMN['evidence_date']}{LAST_OF_SPBE2020}" in str(rule.sqref)
    assert (rule.operator, rule.formula2, rule.showErrorMessage) == ("between", "TODAY()", True)


@pytest.mark.parametrize(("instrument_id", "period"), [("SPBE2018", "2020-Q4"), ("SPBE2020", "2026-Q2"), ("PEMDI2026", "2026-Q3")])
@pytest.mark.parametrize("language", ["id", "en"])
def test_nothing_is_longer_than_excel_allows(known: duckdb.DuckDBPyConnection, instrument_id: str, period: str, language: str) -> None:
    """Excel calls a workbook damaged whose prompts have more than 255 characters or whose formulas have more than 8,192."""
    sheet = page(opened(template.write(loaded(known, instrument_id=instrument_id, period=period, language=language))))
    for rule in sheet.data_validations.dataValidation:
        assert max(len(rule.prompt or ""), len(rule.error or "")) <= 255
        assert max(len(rule.promptTitle or ""), len(rule.errorTitle or "")) <= 32
        assert "…" not in (rule.prompt or "")
    assert max(len(str(cell.value)) for row in sheet.iter_rows() for cell in row) < 1000


def test_the_header_stays_in_sight_on_screen_and_on_paper(spbe: Template) -> None:
    sheet = page(opened(template.write(spbe)))
    assert sheet.freeze_panes == f"C{FIRST}"
    assert sheet.print_title_rows == f"${template.LABEL_ROW}:${template.HEADER_ROW}"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == ("landscape", 1, 0)
    assert sheet.sheet_properties.pageSetUpPr is not None
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


# Text and identity.


def test_codes_are_text(known: duckdb.DuckDBPyConnection) -> None:
    sheet = page(opened(template.write(loaded(known, government_code="63.10", agency_code="-"))))
    for column in ("government_code", "agency_code", "indicator_id"):
        cells = [sheet[f"{COLUMN[column]}{row}"] for row in range(FIRST, LAST_OF_SPBE2020 + 1)]
        assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}
    assert sheet[f"{COLUMN['government_code']}{FIRST}"].value == "63.10"
    assert sheet[f"{COLUMN['agency_code']}{FIRST}"].value == "-"


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_names_that_begin_like_a_formula_are_text(spbe: Template, start: str) -> None:
    name = f'{start}HYPERLINK("http://contoh.invalid";"x") & co'
    level = Level(1, name, name)
    odd = replace(spbe, agency_name=name, instrument_name=name, indicators=(Indicator("1", name, name, "", (level,)),))
    book = opened(template.write(odd))
    found = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.value == name]
    assert len(found) == 5  # name and aspect of the indicator; name of the level, and its meaning twice
    assert all(cell.data_type == "s" and cell.quotePrefix for cell in found)
    formulas = {str(cell.value) for sheet in book.worksheets for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    assert not any("HYPERLINK" in formula for formula in formulas)
    assert len(read(template.write(odd))) == 1


def test_the_same_template_gives_the_same_bytes(spbe: Template) -> None:
    assert template.write(spbe) == template.write(spbe)


def test_the_version_of_the_instrument_stands_in_a_cell_and_in_the_properties(spbe: Template) -> None:
    data = template.write(spbe)
    book = opened(data)
    assert any(spbe.fingerprint in str(cell.value) and "SPBE2020" in str(cell.value) for cell in page(book)["A"])
    properties = {entry.name: entry.value for entry in book.custom_doc_props.props}  # type: ignore[attr-defined]
    assert properties["kesiapan_fingerprint"] == spbe.fingerprint
    assert (properties["kesiapan_instrument_id"], properties["kesiapan_agency_code"], properties["kesiapan_period"]) == ("SPBE2020", "102", "2026-Q2")


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ("update ref.component set weight_num = weight_num + 1 where instrument_id = 'SPBE2020' and component_id = '7'", True),
        ("update ref.level set meaning_id = 'lain' where instrument_id = 'SPBE2020' and level = 3 and capability = 'process'", True),
        ("update ref.instrument set value_max = 6 where instrument_id = 'SPBE2020'", True),
        ("update ref.component set weight_num = weight_num + 1 where instrument_id = 'PEMDI2026'", False),
        ("update ref.component set source = 'lain'", False),
    ],
)
def test_the_fingerprint_changes_with_its_instrument_alone(change: str, counts: bool) -> None:
    with database.scratch() as connection:
        migrations.apply(connection)
        with_reference(connection)
        before = template.fingerprint(connection, "SPBE2020")
        connection.execute(change)
        assert (template.fingerprint(connection, "SPBE2020") != before) is counts


def test_instructions_tell_what_each_level_means_and_for_which_indicators(spbe: Template) -> None:
    texts = [str(cell.value) for row in page(opened(template.write(spbe)), 1).iter_rows() for cell in row if cell.value is not None]
    assert {"Indikator 1 s.d. 31", "Indikator 32 s.d. 47"} <= set(texts)
    assert all(level.meaning in texts for indicator in spbe.indicators for level in indicator.levels)
    assert not any("{" in text for text in texts)


# What nobody knows.


@pytest.mark.parametrize(
    ("differs", "said"),
    [
        ({"instrument_id": "SPBE2021"}, ["no instrument 'SPBE2021'", "accepted: SPBE2018, SPBE2020, PEMDI2026"]),
        ({"government_code": "63.1"}, ["no government '63.1'", "63.10 Kab. Tanah Bumbu", "accepted"]),
        ({"government_code": "Kalimantan Selatan"}, ["nearest: 63 Provinsi Kalimantan Selatan", "accepted"]),
        ({"agency_code": "Diskominfo"}, ["no agency 'Diskominfo' in 63", "nearest: 102 Dinas Komunikasi dan Informatika", "accepted: -"]),
        ({"agency_code": "1020"}, ["102 Dinas Komunikasi dan Informatika", "accepted: -"]),
        ({"government_code": "63.10"}, ["no agency '102': no agency of 63.10", "accepted: - (the government itself)"]),
        ({"period": "2026-Q3"}, ["SPBE2020 is not in force in 2026-Q3", "from 2021-01-01 to 2026-06-04", "accepted for 2026-Q3: PEMDI2026"]),
        ({"instrument_id": "PEMDI2026", "period": "2025-Q4"}, ["valid from 2026-06-05 on", "accepted for 2025-Q4: SPBE2020"]),
        ({"period": "2017-Q4"}, ["accepted for 2017-Q4: none"]),
        ({"stage": "mandiri"}, ["no stage 'mandiri'", "accepted: self, document, interview, final"]),
        ({"indicators": ["3", "48", "1.1"]}, ["no indicator 1.1, 48 in SPBE2020", "accepted: 1, 2,"]),
        ({"indicators": []}, ["no indicator of SPBE2020 is named", "accepted"]),
    ],
)
def test_names_that_nobody_knows_are_refused_in_words(known: duckdb.DuckDBPyConnection, differs: dict[str, Any], said: list[str]) -> None:
    with pytest.raises(LookupError) as caught:
        loaded(known, **differs)
    assert [words for words in said if words not in str(caught.value)] == [], str(caught.value)


def test_a_period_that_is_no_quarter_is_refused(known: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(NotAPeriod, match="accepted"):
        loaded(known, period="2026")


def test_an_instrument_may_be_used_in_the_quarter_in_which_it_ends(known: duckdb.DuckDBPyConnection) -> None:
    assert loaded(known, period="2026-Q2").instrument_id == "SPBE2020"
    assert loaded(known, period="2026-Q2", instrument_id="PEMDI2026").instrument_id == "PEMDI2026"


def test_the_government_itself_is_an_agency(known: duckdb.DuckDBPyConnection) -> None:
    whole = loaded(known, agency_code="-")
    assert (whole.agency_code, whole.agency_name) == ("-", "Provinsi Kalimantan Selatan")
    assert str(page(opened(template.write(whole)))["A2"].value).count("Kalimantan Selatan") == 1


# As LibreOffice sees it.


def test_a_workbook_that_is_there_is_not_overwritten_unless_asked(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.create()
    with duckdb.connect(str(home.published)) as connection:
        migrations.apply(connection)
        with_reference(connection)
    file = tmp_path / "penilaian.xlsx"
    asked = ("template", "--instrument", "SPBE2020", "--government", "63", "--period", "2026-Q2", "-o", str(file))
    assert kesiapan(home.root, *asked).returncode == 0
    file.write_bytes(b"filled in")
    done = kesiapan(home.root, *asked)
    assert done.returncode == 2
    assert f"{file} is there already" in done.stderr
    assert "--overwrite" in done.stderr
    assert file.read_bytes() == b"filled in"
    assert kesiapan(home.root, *asked, "--overwrite").returncode == 0
    assert file.read_bytes().startswith(b"PK")


def missing(data: bytes, count: int) -> list[object]:
    sheet = page(opened(data, values=True))
    return [sheet[f"{COLUMN['missing']}{row}"].value for row in range(FIRST, FIRST + count)]


@NEEDS_SOFFICE
def test_libreoffice_prints_it(tmp_path: Path, spbe: Template) -> None:
    printed = saved_as(tmp_path, filled(template.write(spbe), [3, 4, None, 2]), "pdf")
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type/Page/") <= 8, "the table does not fit the width of its pages"


@NEEDS_SOFFICE
def test_libreoffice_tells_what_is_missing_and_what_a_level_means(tmp_path: Path, spbe: Template) -> None:
    book = opened(filled(template.write(spbe), [1, 4, 4, 4, 4, None, 6, 2.5, "tiga"], explained=False))
    sheet = page(book)
    for row in (FIRST + 2, FIRST + 4):
        sheet[f"{COLUMN['explanation']}{row}"] = "Pergub 12/2023"
    for row in (FIRST + 3, FIRST + 4):
        sheet[f"{COLUMN['evidence_file']}{row}"] = "5_1_Pergub.pdf"
    sheet[f"{COLUMN['explanation']}{FIRST + 3}"] = "   "
    sheet[f"{COLUMN['value']}{LAST_OF_SPBE2020}"] = 1
    data = saved_as(tmp_path, saved(book), "xlsx")
    assert missing(data, 9) == ["lengkap", "penjelasan, bukti", "bukti", "penjelasan", "lengkap", "nilai", *["nilai: 1–5"] * 3]
    sheet = page(opened(data, values=True))
    assert sheet[f"A{template.COUNT_ROW}"].value == "Belum lengkap: 44 dari 47"
    levels = spbe.indicators[0].levels
    meant = [f"{level.name}: {level.meaning}" for level in (levels[0], levels[3])]
    meanings = [sheet[f"{COLUMN['meaning']}{row}"].value or "" for row in range(FIRST, LAST_OF_SPBE2020 + 1)]
    assert meanings[:2] == meant
    assert meanings[5:9] == [""] * 4
    assert meanings[-1].startswith("Informasi: ")


@NEEDS_SOFFICE
def test_libreoffice_names_the_levels_between_which_a_decimal_value_lies(tmp_path: Path, known: duckdb.DuckDBPyConnection) -> None:
    data = template.write(loaded(known, instrument_id="PEMDI2026", period="2026-Q3"))
    values: list[float | str | None] = [1, 3.3, 4.99, 5, 5.01, 0.99, 3.333]
    converted = saved_as(tmp_path, filled(data, values), "xlsx")
    assert missing(converted, 8) == [*["lengkap"] * 4, *["nilai: 1–5"] * 3, "nilai"]
    sheet = page(opened(converted, values=True))
    meanings = [sheet[f"{COLUMN['meaning']}{row}"].value or "" for row in range(FIRST, FIRST + 6)]
    assert meanings[0].startswith("Merintis: ")
    assert meanings[1] == "Antara 3 (Berkembang) dan 4 (Melembaga)"
    assert meanings[2] == "Antara 4 (Melembaga) dan 5 (Unggul)"
    assert meanings[3].startswith("Unggul: ")
    assert meanings[4:6] == ["", ""]


@NEEDS_SOFFICE
def test_a_complete_workbook_says_so(tmp_path: Path, known: duckdb.DuckDBPyConnection) -> None:
    data = template.write(loaded(known, indicators=["4", "5"], language="en"))
    converted = saved_as(tmp_path, filled(data, [2, 5]), "xlsx")
    assert missing(converted, 2) == ["complete", "complete"]
    assert page(opened(converted, values=True))[f"A{template.COUNT_ROW}"].value == "All complete: ready to send"


@NEEDS_SOFFICE
@pytest.mark.parametrize("kind", ["xlsx", "ods", "csv"])
def test_what_libreoffice_saves_is_read_back_unchanged(tmp_path: Path, known: duckdb.DuckDBPyConnection, kind: str) -> None:
    """CSV is the first sheet as it is shown."""
    data = filled(template.write(loaded(known, government_code="63.10", agency_code="-")), [1, 2, None, 5])
    assert read(saved_as(tmp_path, data, kind)) == read(data)


@NEEDS_SOFFICE
def test_libreoffice_keeps_locks_lists_and_properties(tmp_path: Path, spbe: Template) -> None:
    book = opened(saved_as(tmp_path, template.write(spbe), "xlsx"))
    sheet = page(book)
    assert sheet.protection.sheet
    assert not sheet[f"{COLUMN['value']}{FIRST}"].protection.locked
    assert sheet[f"{COLUMN['government_code']}{FIRST}"].protection.locked
    assert sum(rule.type == "list" for rule in sheet.data_validations.dataValidation) == 2
    properties = {entry.name: entry.value for entry in book.custom_doc_props.props}  # type: ignore[attr-defined]
    assert properties["kesiapan_fingerprint"] == spbe.fingerprint


def test_the_archive_of_a_workbook_holds_no_time_of_day(spbe: Template) -> None:
    with zipfile.ZipFile(io.BytesIO(template.write(spbe))) as parts:
        assert {entry.date_time for entry in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"dcterms:modified" not in parts.read("docProps/core.xml")
