"""Submissions as they really come, all the way from the file to the core: every spelling and every error seen in what agencies sent, real levels of
a district, and generated workbooks. No row is lost: read = promoted + unchanged + rejected."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.quality import score
from tests.conftest import ROOT
from tests.test_suites import Brought, Installation, Row, as_csv
from warehouse.registry import Feed, FeedKind, Government

KALSEL = Government("63", "Provinsi Kalimantan Selatan", "Asia/Makassar")
ACEH_TENGAH = ROOT / "tests" / "data" / "aceh_tengah_2026_interview.csv"
NUMBERED = [str(number) for number in range(1, 48)]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "home")


def feed_of(installation: Installation, name: str) -> Feed:
    return installation.feed(name, FeedKind.SUBMISSION, KALSEL)


def answer(indicator: str, value: object = "3", **differs: str) -> Row:
    made = {
        "government_code": "63",
        "agency_code": "102",
        "period": "2025-Q4",
        "instrument_id": "SPBE2020",
        "indicator_id": indicator,
        "stage": "self",
        "value": str(value),
        "explanation": f"data buatan {indicator}",
        "evidence_file": f"buatan-{indicator}.pdf",
        "evidence_date": "2025-06-30",
    }
    return made | differs


def promoted(installation: Installation, brought: Brought, columns: str) -> list[tuple[object, ...]]:
    return installation.query(f"select {columns} from core.assessment where artifact_sha256 = $1 order by source_row", brought.sha256)


def reasons(installation: Installation, brought: Brought, rule: str) -> dict[int, str]:
    """The bracketed part of the reasons, by source row."""
    rows = installation.query("select row_key, reason from quality.failed_row where batch_id = $1 and rule_id = $2", brought.batch_id, f"submission.{rule}")
    return {int(row_key.split(":")[1]): reason[reason.index(" [") + 1 :] for row_key, reason in rows}


def whole(installation: Installation, brought: Brought) -> tuple[int, int]:
    """Rows read and rejected, of which none may be lost."""
    batch = installation.batch(brought)
    assert batch["status"] == "promoted", batch["message"]
    assert batch["read"] == batch["added"] + batch["updated"] + batch["unchanged"] + batch["rejected"]
    return batch["read"], batch["rejected"]


# Errors that were seen (the number is that of the list of observed errors).


def test_1_a_level_in_free_text_is_that_of_the_rows_stage(installation: Installation) -> None:
    both = "Penilaian mandiri level : 3\r\nNilai kematangan pusat level : 2"
    rows = [answer("1", both), answer("1", both, stage="final"), answer("2", both, stage="interview")]
    brought = installation.bring(feed_of(installation, "free_text"), as_csv(rows))
    assert promoted(installation, brought, "stage, value") == [("self", Decimal(3)), ("final", Decimal(2))]
    assert whole(installation, brought) == (3, 1)


def test_2_a_year_of_placeholders_claims_no_level(installation: Installation) -> None:
    brought = installation.bring(feed_of(installation, "placeholders"), as_csv([answer(number, "-") for number in NUMBERED]))
    assert whole(installation, brought) == (47, 47)
    assert set(reasons(installation, brought, "value_in_scale").values()) == {"[instrument_id = SPBE2020] [value_text = -]"}


def test_3_an_indicator_answered_by_several_rows_is_set_aside_however_it_is_written(installation: Installation) -> None:
    rows = [answer("13"), answer("Indikator 13", 4), answer("13.0"), answer("14"), answer("29")]
    brought = installation.bring(feed_of(installation, "doubled"), as_csv(rows))
    assert set(reasons(installation, brought, "key_unique")) == {2, 3, 4}
    assert promoted(installation, brought, "indicator_id") == [("14",), ("29",)]


def test_4_indicators_that_are_no_whole_numbers_are_known_where_the_instrument_has_them(installation: Installation) -> None:
    rows = [answer(number, period="2019-Q4", instrument_id="SPBE2018", evidence_date="2019-06-30") for number in ("35", "35-2", "35-3")]
    brought = installation.bring(feed_of(installation, "parts"), as_csv([*rows, answer("35-2"), answer("1.1")]))
    assert promoted(installation, brought, "indicator_id") == [("35",), ("35-2",), ("35-3",)]
    assert set(reasons(installation, brought, "indicator_known")) == {5, 6}


def test_11_stale_evidence_is_told_and_kept(installation: Installation) -> None:
    rows = [
        answer("10", "1.5", period="2026-Q3", instrument_id="PEMDI2026", evidence_file="Indeks KAMI 2023.pdf", evidence_date="2023-11-20"),
        answer("11", "1.5", period="2026-Q3", instrument_id="PEMDI2026", evidence_date="2025-07-01"),
        answer("1", "1.5", period="2026-Q3", instrument_id="PEMDI2026", evidence_date="2025-12-31"),
    ]
    brought = installation.bring(feed_of(installation, "stale"), as_csv(rows))
    assert reasons(installation, brought, "evidence_timely") == {
        2: "[evidence_date = 2023-11-20] [evidence_from = 2025-07-01] [received_on = 2026-09-02]",  # twelve months are allowed
        4: "[evidence_date = 2025-12-31] [evidence_from = 2026-01-01] [received_on = 2026-09-02]",  # no age is set
    }
    assert whole(installation, brought) == (3, 0)


def test_12_missing_evidence_is_told_and_kept(installation: Installation) -> None:
    brought = installation.bring(feed_of(installation, "missing"), as_csv([answer("1", evidence_file="", evidence_date=""), answer("2")]))
    assert set(reasons(installation, brought, "evidence_named")) == {2}
    assert whole(installation, brought) == (2, 0)


def test_14_decimals_where_levels_are_whole_are_refused_and_the_reverse_is_not(installation: Installation) -> None:
    pemdi = {"period": "2026-Q3", "instrument_id": "PEMDI2026"}
    rows = [answer("1", "2,5"), answer("2", "3,0"), answer("1", "2,75", **pemdi), answer("2", "3", **pemdi), answer("3", "3.3000000000000003", **pemdi)]
    brought = installation.bring(feed_of(installation, "decimals"), as_csv(rows))
    assert promoted(installation, brought, "value") == [(Decimal(3),), (Decimal("2.75"),), (Decimal(3),), (Decimal("3.3"),)]
    assert reasons(installation, brought, "nothing_guessed") == {6: '[guesses = nilai "3.3000000000000003" dibaca 3.3]'}


def test_16_days_and_times_of_all_kinds_in_one_file(installation: Installation) -> None:
    texts = ["2025-06-30", "30 Juni 2025", "30/06/2025", "45838", "30 Jun 2025, 08:32", "Juni 2025"]
    rows = [answer(str(number), evidence_date=text, submitted_at=text) for number, text in enumerate(texts, start=1)]
    brought = installation.bring(feed_of(installation, "days"), as_csv(rows))
    days = installation.query("select distinct evidence_date from core.evidence where file_name like 'buatan-%' order by all nulls last")
    assert days == [(date(2025, 6, 30),), (None,)]
    midnight, half_past_eight = datetime(2025, 6, 29, 16, tzinfo=UTC), datetime(2025, 6, 30, 0, 32, tzinfo=UTC)
    assert promoted(installation, brought, "submitted_at") == [(midnight,)] * 4 + [(half_past_eight,), (None,)]
    assert set(reasons(installation, brought, "dates_readable")) == {7}
    assert set(reasons(installation, brought, "nothing_guessed")) == {3, 4, 5, 6}


def test_a_code_that_went_through_a_spreadsheet_is_read_and_one_that_can_be_two_is_refused(installation: Installation) -> None:
    rows = [answer("1", government_code=code, agency_code="") for code in ("63.1", "6301", "1101", "63.0")]
    brought = installation.bring(feed_of(installation, "codes"), as_csv(rows))
    assert promoted(installation, brought, "government_code") == [("63.10",), ("63.01",), ("63",)]
    assert reasons(installation, brought, "government_known") == {4: "[government_code = 1101]"}
    assert set(reasons(installation, brought, "nothing_guessed")) == {2, 3, 5}


def test_agencies_by_name_are_read_where_clear_and_else_refused_with_who_may_have_been_meant(installation: Installation) -> None:
    names = ["Diskominfo", "DINAS KOMUNIKASI\u00a0& INFORMATIKA ", "Dinas Kesehtan", "2", "Sekretariat", "Pemprov Kalimantan Selatan"]
    rows = [answer(str(number), agency_code=name) for number, name in enumerate(names, start=1)]
    brought = installation.bring(feed_of(installation, "names"), as_csv(rows))
    assert promoted(installation, brought, "agency_code") == [("102",), ("102",), ("002",), ("002",), ("-",)]
    candidates = "029 Sekretariat DPRD; 027 Sekretariat Daerah; 031 Inspektorat Daerah"
    assert reasons(installation, brought, "agency_known") == {6: f"[government_code = 63] [agency_code = Sekretariat] [agency_candidates = {candidates}]"}
    assert reasons(installation, brought, "nothing_guessed")[2] == '[guesses = SKPD "Diskominfo" dibaca 102 (Dinas Komunikasi dan Informatika)]'


def test_a_name_means_the_agency_of_its_own_government(installation: Installation) -> None:
    with installation.warehouse.open_for_writing() as connection:
        connection.execute("insert into ref.agency by name select '63.10' as government_code, '9' as code, 'Dinas Kesehatan' as name, [] as aliases")
    rows = [answer("1", agency_code="Dinas Kesehatan"), answer("2", agency_code="Dinas Kesehatan", government_code="63.1")]
    brought = installation.bring(feed_of(installation, "own"), as_csv(rows))
    assert promoted(installation, brought, "government_code, agency_code") == [("63", "002"), ("63.10", "9")]


def test_a_huge_number_is_no_level_and_loses_no_other_row(installation: Installation) -> None:
    brought = installation.bring(feed_of(installation, "huge"), as_csv([answer("1", "9" * 40), answer("2", "1000"), answer("3", "999"), answer("4")]))
    assert whole(installation, brought) == (4, 3)


# Rows that say nothing, and rows that only look odd.


def test_only_a_row_with_all_that_a_template_has_and_nothing_said_is_no_row(installation: Installation) -> None:
    silent = {"value": "", "explanation": "", "evidence_file": "", "evidence_date": ""}
    rows = [
        answer("1"),
        answer("2", **silent),
        answer("3", **silent, submitted_by="data buatan", submitted_at="2026-01-05"),
        answer("4", **silent) | {"stage": ""},
        answer("5", **silent, act="withdrawal"),
        answer("6", **silent) | {"value": "-"},
        answer("7", **silent) | {"explanation": "data buatan"},
        answer("8", **silent) | {"evidence_date": "2025-06-30"},
    ]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    brought = installation.bring(feed_of(installation, "silent"), as_csv([dict.fromkeys(columns, "") | row for row in rows]))
    assert whole(installation, brought) == (6, 5)
    assert reasons(installation, brought, "stage_allowed") == {5: "[stage = kosong]"}
    assert set(reasons(installation, brought, "act_sound")) == {6}
    assert set(reasons(installation, brought, "value_in_scale")) == {5, 7, 8, 9}


def test_what_only_looks_odd_lowers_no_score(installation: Installation) -> None:
    rows = [answer(str(number), 3, evidence_file="SK.pdf") for number in range(1, 13)]
    brought = installation.bring(feed_of(installation, "odd"), as_csv(rows))
    statuses = installation.statuses(brought)
    assert {rule: statuses[f"submission.{rule}"] for rule in ("values_vary", "evidence_own")} == {"values_vary": "warn", "evidence_own": "warn"}
    assert whole(installation, brought) == (12, 0)
    with installation.warehouse.open_for_writing() as connection:
        score.reckon(connection, "2025-Q4")
    assert installation.query("select score, rows_failed from quality.score where feed_id = 'odd' and dimension = 'all'") == [(1.0, 0)]
    assert installation.query("select rule_id from quality.costliest_rule") == []


# Real levels.


def test_the_districts_levels_are_read_and_come_to_its_published_index(installation: Installation) -> None:
    data = ACEH_TENGAH.read_bytes()
    brought = installation.bring(feed_of(installation, "aceh_tengah"), data)
    assert whole(installation, brought) == (20, 0)
    written = {row["indikator"].removeprefix("I"): Decimal(row["nilai"]) for row in csv.DictReader(io.StringIO(data.decode()))}
    assert dict(promoted(installation, brought, "indicator_id, value")) == written
    assert reasons(installation, brought, "nothing_guessed")[2] == '[guesses = indikator "I1" dibaca 1]'
    index = installation.query(
        """
        select sum(value * weight_num / weight_den) / 100 from core.assessment
        inner join ref.component on component.instrument_id = assessment.instrument_id and component_id = indicator_id
        where artifact_sha256 = $1
        """,
        brought.sha256,
    )
    assert round(index[0][0], 2) == 1.24


# Generated workbooks.

Spelling = tuple[object, str | None]  # what stands in the cell, what it means
GOVERNMENTS: list[Spelling] = [("63", "63"), (63, "63"), ("63.0", "63"), (" 63\u00a0", "63"), ("6300", None), ("Kalsel", None)]
AGENCIES: list[Spelling] = [("102", "102"), (102, "102"), ("Diskominfo", "102"), ("Dinas Komunikasi & Informatika", "102"), (2, "002"), ("Sekretariat", None)]
PERIODS: list[Spelling] = [("2025-Q4", "2025-Q4"), ("Triwulan IV 2025", "2025-Q4"), ("TW 4/2025", "2025-Q4"), (2025, "2025-Q4"), ("Semester II 2025", None)]
INSTRUMENTS: list[Spelling] = [("SPBE2020", "SPBE2020"), ("spbe 2020", "SPBE2020"), ("PermenPANRB 59/2020", "SPBE2020"), ("SPBE", None)]
STAGES: list[Spelling] = [("self", "self"), ("Penilaian Mandiri", "self"), ("mandiri", "self"), ("draf", None)]
LEVELS: list[Spelling] = [
    (3, "3"),
    ("4", "4"),
    (2.0, "2"),
    ("3,0", "3"),
    ("Level 5", "5"),
    ("4 (Terpadu)", "4"),
    ("Penilaian mandiri level : 3\r\nNilai kematangan pusat level : 2", "3"),
    ("-", None),
    (6, None),
    (2.5, None),
    ("2,5", None),
    (date(2026, 5, 3), None),
    (None, None),
]
DAYS: list[object] = [None, date(2025, 6, 30), "30 Juni 2025", "29/10/2024", 45838, "14 Jul 2025, 08:32", "kapan-kapan", "-"]
TEXTS: list[object] = [None, "Pergub 12/2023, pasal 4", "Penilaian mandiri level : 3"]


@dataclass(frozen=True)
class Line:
    """A row of a workbook; `meant` is what it claims, if it is to be taken in."""

    cells: tuple[object, ...]
    untouched: bool
    meant: tuple[str | None, ...]


@st.composite
def lines(draw: st.DrawFn, number: int) -> Line:
    keys = [draw(st.sampled_from(spellings)) for spellings in (GOVERNMENTS, AGENCIES, PERIODS, INSTRUMENTS, STAGES)]
    indicator = draw(st.sampled_from([number, str(number), f"{number}.0", f"Indikator {number}", f"I{number}"]))
    value, meaning = draw(st.sampled_from(LEVELS))
    explanation, evidence, day = draw(st.sampled_from(TEXTS)), draw(st.sampled_from([None, "SK.pdf", f"{number}.pdf"])), draw(st.sampled_from(DAYS))
    cells = (*(text for text, _ in keys), indicator, value, explanation, evidence, day, draw(st.sampled_from([None, date(2026, 1, 5)])))
    return Line(cells, (value, explanation, evidence, day) == (None,) * 4, (*(meant for _, meant in keys), str(number), meaning))


HEADER = "kode_pemda kode_skpd periode instrumen tahap indikator nilai penjelasan bukti tanggal_bukti tanggal_kirim".split()  # noqa: SIM905  # as it stands in the file
SHEETS = st.integers(1, 47).flatmap(lambda count: st.tuples(*(lines(number) for number in range(1, count + 1))))


def workbook(sheet: tuple[Line, ...], titles: int) -> bytes:
    book = openpyxl.Workbook()
    page = book.worksheets[0]
    for _ in range(titles):
        page.append(["Penilaian mandiri (data buatan)"])
    page.append(HEADER)
    for line in sheet:
        page.append(line.cells)
    page.append(["Jumlah", *[None] * 5, "=SUM(G2:G48)"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sheet=SHEETS, titles=st.integers(0, 3))
def test_of_any_workbook_every_row_is_promoted_or_told_why_not(tmp_path_factory: pytest.TempPathFactory, sheet: tuple[Line, ...], titles: int) -> None:
    installation = Installation(tmp_path_factory.mktemp("generated") / "home")
    brought = installation.bring(feed_of(installation, "generated"), workbook(sheet, titles))
    claims = [line for line in sheet if not line.untouched]
    batch = installation.batch(brought)
    assert (batch["read"], batch["status"]) == (len(claims), "promoted" if claims else "rejected")
    assert batch["read"] == batch["added"] + batch["updated"] + batch["unchanged"] + batch["rejected"]
    columns = "government_code, agency_code, period, instrument_id, stage, indicator_id, (value::integer)::varchar"
    assert promoted(installation, brought, columns) == [line.meant for line in claims if None not in line.meant]
    refused = installation.query("select count(distinct row_key) from quality.failed_row where batch_id = $1 and severity = 'critical'", brought.batch_id)
    assert refused == [(sum(None in line.meant for line in claims),)]
