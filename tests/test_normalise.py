"""What people write in a cell and what it is taken to mean: the contract's own form silently, other forms with a sentence that says so, the rest not."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.submissions import normalise
from assets.submissions.normalise import Read
from tests.conftest import ROOT

WITA = ZoneInfo("Asia/Makassar")
with (ROOT / "warehouse" / "reference" / "region.csv").open(encoding="utf-8", newline="") as _file:
    REGIONS = list(csv.DictReader(_file))
KNOWN = frozenset(row["code"] for row in REGIONS)
BY_BPS = {row["bps_code"]: row["code"] for row in REGIONS}
STAGES = ("self", "document", "interview", "final")
TWO_STAGES = "Penilaian mandiri level : 3\r\nNilai kematangan pusat level : 2"

ALL: dict[str, Callable[[str | None], Read[object]]] = {
    "level": normalise.level,
    "level of a stage": lambda text: normalise.level(text, "self"),
    "day": normalise.day,
    "moment": lambda text: normalise.moment(text, WITA),
    "period": normalise.period,
    "stage": normalise.stage,
    "instrument": normalise.instrument,
    "indicator": normalise.indicator,
    "region code": lambda text: normalise.region_code(text, KNOWN, BY_BPS),
}


def understood(read: Read[object], value: object) -> None:
    """Taken to mean `value`, and said so."""
    assert read.value == value
    assert read.guess is not None
    assert f" dibaca {value}" in read.guess


# Any text.

WORDS = ("level", "mandiri", "pusat", "TW", "2026", "Jul", "Desember", "63", "SPBE", "Indikator", "tahun", "08:32", "+99:99")
PIECES = st.sampled_from([*"0123456789 .,:/-()QIVTZ\u00a0\u200b\n", *WORDS])
TEXT = st.text(max_size=40) | st.lists(PIECES, max_size=12).map("".join)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=300, deadline=None)
@given(text=TEXT | st.none())
def test_any_text_is_read_or_not_and_never_breaks(name: str, text: str | None) -> None:
    read = ALL[name](text)
    assert read.value is not None or read.guess is None
    assert read.guess is None or " dibaca " in read.guess


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("text", [None, "", "-", " ", "\u00a0", "n/a", "belum", "belum ada", "?", "x" * 10_000, "level " * 2_000, "3 " * 5_000])
def test_placeholders_and_rubbish_mean_nothing(name: str, text: str | None) -> None:
    assert ALL[name](text) == Read(None)


@pytest.mark.parametrize(
    ("name", "text"), [("level", "3,50"), ("day", "2026-09-30"), ("period", "2026-Q3"), ("stage", "self"), ("instrument", "SPBE2020"), ("indicator", "35-2")]
)
def test_hard_spaces_and_characters_without_width_do_not_matter(name: str, text: str) -> None:
    assert ALL[name](f"\ufeff\u00a0 {text}\u200b\u00a0\r\n") == ALL[name](text)
    assert ALL[name](text).guess is None


def test_a_guess_quotes_a_long_text_only_in_part() -> None:
    read = normalise.level("Hasil evaluasi penilaian mandiri kematangan " * 3 + "level : 3")
    assert read.value == 3
    assert read.guess is not None
    assert len(read.guess) < 100


# Levels.


@given(st.decimals(0, 5, places=2) | st.integers(0, 5).map(Decimal), st.sampled_from(".,"))
def test_a_level_in_the_contracts_form_is_read_as_it_stands(value: Decimal, point: str) -> None:
    assert normalise.level(str(value).replace(".", point)) == Read(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Level 3", "3"),
        ("LEVEL: 3", "3"),
        ("level  3,5", "3.5"),
        ("tingkat 2", "2"),
        ("Tingkat kematangan 2", "2"),
        ("Nilai 3.25", "3.25"),
        ("4 (Terpadu)", "4"),
        ("4 (Terpadu dan Terukur)", "4"),
        ("3 - Terdefinisi", "3"),
        ("2 Terkelola", "2"),
        ("Level 5 (Optimum)", "5"),
        ("Penilaian mandiri level : 3", "3"),
        ("3.3000000000000003", "3.3"),
        ("3.0000000000000004", "3"),
    ],
)
def test_a_level_with_words_is_its_number(text: str, value: str) -> None:
    understood(normalise.level(text), Decimal(value))


def test_the_sentence_about_a_level() -> None:
    assert normalise.level("Level 3").guess == 'nilai "Level 3" dibaca 3'


def test_of_two_levels_in_one_cell_the_stage_chooses() -> None:
    understood(normalise.level(TWO_STAGES, "self"), Decimal(3))
    understood(normalise.level(TWO_STAGES, "final"), Decimal(2))
    assert normalise.level(TWO_STAGES) == Read(None)
    assert normalise.level(TWO_STAGES, "interview") == Read(None)


def test_a_level_of_another_stage_is_not_taken() -> None:
    assert normalise.level("Penilaian mandiri level : 3", "final") == Read(None)
    understood(normalise.level("Penilaian mandiri level : 3", "self"), Decimal(3))
    understood(normalise.level("Level 3", "final"), Decimal(3))


@pytest.mark.parametrize(
    "text",
    [
        "III",
        "-1",
        "1000",
        "3.456",
        "3,5,1",
        "3/5",
        "3 atau 4",
        "3-4",
        "4 (Optimum)",
        "Level 4 (Optimum)",
        "3 dokumen",
        "belum level 3",
        "target level 4",
        "tidak mencapai level 3",
        "tingkat kematangan indikator 2",
        "SK Nomor 5 Tahun 2024",
        "Perda tingkat 2",
        "Level 3 dan level 4",
        "35-2",
        "2026-05-03",  # what Excel makes of 3.05
        "tiga",
    ],
)
def test_what_could_mean_another_level_or_none_is_not_read(text: str) -> None:
    assert normalise.level(text) == Read(None)


# Days.

DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
ENGLISH = "January February March April May June July August September October November December".split()  # noqa: SIM905  # twelve words
INDONESIAN = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split()  # noqa: SIM905


@given(DAYS)
def test_a_day_in_the_contracts_form_is_read_as_it_stands(day: date) -> None:
    assert normalise.day(day.isoformat()) == Read(day)


@given(DAYS, st.sampled_from("/-."))
def test_days_are_written_day_first(day: date, mark: str) -> None:
    understood(normalise.day(f"{day.day}{mark}{day.month}{mark}{day.year}"), day)
    understood(normalise.day(f"{day.day:02}{mark}{day.month:02}{mark}{day.year}"), day)


@given(DAYS, st.sampled_from([ENGLISH, INDONESIAN]), st.booleans())
def test_months_are_known_by_their_names(day: date, names: list[str], short: bool) -> None:
    name = names[day.month - 1][: 3 if short else None]
    for text in (f"{day.day} {name} {day.year}", f"{name} {day.day} {day.year}", f"{name} {day.day}, {day.year}", f"{day.day:02}-{name.upper()}-{day.year}"):
        understood(normalise.day(text), day)


@given(st.integers(20_000, 80_000))
def test_excels_numbers_are_days_of_its_1900_system(serial: int) -> None:
    understood(normalise.day(str(serial)), date(1899, 12, 30) + timedelta(days=serial))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("43830", date(2019, 12, 31)),
        ("43830.75", date(2019, 12, 31)),
        ("31 Desember 2019", date(2019, 12, 31)),
        ("Jul 14 2026", date(2026, 7, 14)),
        ("14 Jul 2026, 08:32", date(2026, 7, 14)),
        ("29/10/2024", date(2024, 10, 29)),
        ("2026/07/14", date(2026, 7, 14)),
        ("2026-01-02T23:30:00+08:00", date(2026, 1, 2)),
        ("Selasa, 14 Juli 2026", date(2026, 7, 14)),
        ("05 Nopember 2024", date(2024, 11, 5)),
        ("17 Agt 2026", date(2026, 8, 17)),
        ("04/05/2026", date(2026, 5, 4)),
    ],
)
def test_days_as_people_write_them(text: str, day: date) -> None:
    understood(normalise.day(text), day)


@pytest.mark.parametrize(
    "text",
    ["31/02/2026", "12/31/2026", "31/12/19", "2026", "Juli 2026", "14 Juli", "19999", "80001", "3.5", "2026-13-01", "0202-06-14", "14 Foo 2026", "1/2-2026"],
)
def test_what_is_no_day_or_two_is_not_read(text: str) -> None:
    assert normalise.day(text) == Read(None)


# Moments.


@given(st.datetimes(datetime(1901, 1, 1), datetime(2199, 12, 31)), st.integers(-14 * 60, 14 * 60))  # noqa: DTZ001  # the zone is given beside
def test_a_moment_in_the_contracts_form_is_read_as_it_stands(naive: datetime, offset_min: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_min)))
    for text in (moment.isoformat(), moment.isoformat(sep=" "), moment.astimezone(UTC).isoformat().replace("+00:00", "Z")):
        assert normalise.moment(text, WITA) == Read(moment)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("14 Jul 2026, 08:32", datetime(2026, 7, 14, 8, 32, tzinfo=WITA)),
        ("29/10/2024 08.32", datetime(2024, 10, 29, 8, 32, tzinfo=WITA)),
        ("29/10/2024 8:32:05", datetime(2024, 10, 29, 8, 32, 5, tzinfo=WITA)),
        ("14 Juli 2026 pukul 08.32 WIB", datetime(2026, 7, 14, 8, 32, tzinfo=timezone(timedelta(hours=7)))),
        ("31 Desember 2019", datetime(2019, 12, 31, tzinfo=WITA)),
        ("43830", datetime(2019, 12, 31, tzinfo=WITA)),
        ("43830.75", datetime(2019, 12, 31, 18, tzinfo=WITA)),
    ],
)
def test_moments_as_people_write_them(text: str, moment: datetime) -> None:
    understood(normalise.moment(text, WITA), moment)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-07-14", datetime(2026, 7, 14, tzinfo=WITA)),
        ("2026-07-14 08:32", datetime(2026, 7, 14, 8, 32, tzinfo=WITA)),
        ("2026-07-14T08:32:00", datetime(2026, 7, 14, 8, 32, tzinfo=WITA)),
    ],
)
def test_days_and_moments_of_a_workbook_are_of_the_governments_zone_and_no_guess(text: str, moment: datetime) -> None:
    assert normalise.moment(text, WITA) == Read(moment)


def test_a_day_that_a_workbook_gives_a_time_is_no_guess() -> None:
    assert normalise.day("2026-01-02T00:00:00") == Read(date(2026, 1, 2))
    understood(normalise.day("2026-01-02T08:00:00"), date(2026, 1, 2))


@pytest.mark.parametrize("text", ["2026-07-14T25:00:00+08:00", "2026-07-14 08:60", "08:32", "14 Jul 20:26", "2026-07-14T08:32:00+99:99"])
def test_what_is_no_moment_is_not_read(text: str) -> None:
    assert normalise.moment(text, WITA) == Read(None)


# Periods, stages, instruments, indicators.


@given(st.integers(2000, 2099), st.integers(1, 4))
def test_a_period_in_the_contracts_form_is_read_as_it_stands(year: int, quarter: int) -> None:
    assert normalise.period(f"{year}-Q{quarter}") == Read(f"{year}-Q{quarter}")
    assert normalise.period(f"{year}-q{quarter}") == Read(f"{year}-Q{quarter}")
    roman = ("I", "II", "III", "IV")[quarter - 1]
    for text in (
        f"{year}Q{quarter}",
        f"Q{quarter} {year}",
        f"Q{quarter}-{year}",
        f"Triwulan {roman} {year}",
        f"triwulan {roman.lower()} tahun {year}",
        f"TW {quarter} {year}",
        f"TW-{roman}/{year}",
        f"TW.{roman} {year}",
        f"Triwulan ke-{quarter} {year}",
        f"{year} TW {roman}",
    ):
        understood(normalise.period(text), f"{year}-Q{quarter}")


def test_a_year_alone_is_its_annual_evaluation() -> None:
    assert normalise.period("2021") == Read("2021-Q4", 'periode "2021" dibaca 2021-Q4 (evaluasi tahunan)')
    understood(normalise.period("Tahun 2021"), "2021-Q4")


@pytest.mark.parametrize("text", ["2026-Q5", "Q3", "TW V 2026", "Juli 2026", "Semester I 2026", "26-Q3", "1999", "2026-Q3 dan 2026-Q4"])
def test_what_is_no_quarter_is_not_read(text: str) -> None:
    assert normalise.period(text) == Read(None)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_of_the_contract_is_read_in_any_case(stage: str) -> None:
    assert normalise.stage(stage.upper()) == Read(stage)


@pytest.mark.parametrize(("text", "stage"), [("mandiri", "self"), ("dokumen", "document"), ("wawancara", "interview"), ("Interviu", "interview")])
def test_indonesian_names_of_stages_are_as_good(text: str, stage: str) -> None:
    assert normalise.stage(text) == Read(stage)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("Penilaian Mandiri", "self"),
        ("penilaian dokumen", "document"),
        ("akhir", "final"),
        ("pusat", "final"),
        ("Nilai akhir", "final"),
        ("tahap penilaian dokumen", "document"),
    ],
)
def test_stages_by_other_names(text: str, stage: str) -> None:
    understood(normalise.stage(text), stage)


@pytest.mark.parametrize("text", ["visitasi", "mandiri dan pusat", "1", "penilaian"])
def test_what_is_no_stage_is_not_read(text: str) -> None:
    assert normalise.stage(text) == Read(None)


@pytest.mark.parametrize("instrument", normalise.INSTRUMENTS)
def test_an_instrument_of_the_contract_is_read_in_any_case(instrument: str) -> None:
    assert normalise.instrument(instrument) == normalise.instrument(instrument.lower()) == Read(instrument)


@pytest.mark.parametrize(
    ("text", "instrument"),
    [
        ("spbe 2020", "SPBE2020"),
        ("SPBE-2018", "SPBE2018"),
        ("Indeks SPBE 2020", "SPBE2020"),
        ("SPBE 59/2020", "SPBE2020"),
        ("PermenPANRB 59/2020", "SPBE2020"),
        ("Permen PAN-RB No. 59 Tahun 2020", "SPBE2020"),
        ("SPBE (PermenPANRB 59/2020)", "SPBE2020"),
        ("5/2018", "SPBE2018"),
        ("PEMDI 2026", "PEMDI2026"),
        ("PermenPANRB 8/2026", "PEMDI2026"),
        ("Pemdi 8 tahun 2026", "PEMDI2026"),
    ],
)
def test_instruments_by_year_and_by_regulation(text: str, instrument: str) -> None:
    understood(normalise.instrument(text), instrument)


@pytest.mark.parametrize("text", ["SPBE", "Pemdi", "SPBE 2021", "SPBE 8/2026", "PEMDI 59/2020", "59", "PermenPANRB 4/2025", "SPBE2020 dan SPBE2018"])
def test_what_names_no_one_instrument_is_not_read(text: str) -> None:
    assert normalise.instrument(text) == Read(None)


@given(st.integers(1, 47), st.none() | st.integers(2, 3))
def test_an_indicator_of_the_contract_is_read_as_it_stands(number: int, service: int | None) -> None:
    text = f"{number}" if service is None else f"{number}-{service}"
    assert normalise.indicator(text) == Read(text)
    for written in (f"{text}.0", f"Indikator {text}", f"I{text}", f"{text}.", f"INDIKATOR  {text}.", f"No. {text}", f"0{text}"):
        understood(normalise.indicator(written), text)


@pytest.mark.parametrize("text", ["0", "-12", ".12", "1.1", "35.2", "12a", "Indikator", "1935-02-01", "12 dan 13", "III", "12,5"])
def test_what_is_no_indicator_is_not_made_one(text: str) -> None:
    assert normalise.indicator(text) == Read(None)


# Region codes.


@given(st.sampled_from(sorted(KNOWN)))
def test_a_known_region_code_is_read_as_it_stands(code: str) -> None:
    assert normalise.region_code(code, KNOWN) == Read(code)


@given(st.sampled_from(sorted(KNOWN)))
def test_a_region_code_that_went_through_a_spreadsheet_is_read_as_itself_or_not(code: str) -> None:
    for text in (f"{float(code):g}", code.replace(".", ","), f"{float(code):g}".replace(".", ",")):
        assert normalise.region_code(text, KNOWN).value == code


@pytest.mark.parametrize(
    ("text", "code"), [("6310", "63.10"), ("63.1", "63.10"), ("63,10", "63.10"), ("63,1", "63.10"), ("6301", "63.01"), ("63,01", "63.01"), ("63.0", "63")]
)
def test_what_spreadsheets_do_to_region_codes(text: str, code: str) -> None:
    understood(normalise.region_code(text, KNOWN, BY_BPS), code)


@pytest.mark.parametrize("text", ["63.2", "63.7", "6399", "99", "63.010", "631", "63-10", "Kab. Tanah Bumbu"])
def test_a_region_code_nobody_knows_is_not_read(text: str) -> None:
    assert normalise.region_code(text, KNOWN) == Read(None)


def test_a_code_of_the_statistics_office_is_not_taken_for_another_region() -> None:
    """1101 is Simeulue to BPS, whose ministry code is 11.09; 11.01 is Aceh Selatan."""
    assert BY_BPS["1101"] != "11.01"
    assert normalise.region_code("1101", KNOWN, BY_BPS) == Read(None)
