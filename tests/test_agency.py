"""Agencies as people name them: a clear name is taken and said so, an unclear one is not, and who may have been meant is named."""

import csv
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.submissions.agency import Agencies, Agency
from assets.submissions.normalise import Read
from tests.conftest import ROOT

with (ROOT / "warehouse" / "reference" / "agency.csv").open(encoding="utf-8", newline="") as _file:
    LISTED = [
        Agency(row["agency_code"], row["name"], tuple(row["aliases"].split("|")) if row["aliases"] else ())
        for row in csv.DictReader(_file)
        if row["government_code"] == "63"
    ]
KALSEL = Agencies("Provinsi Kalimantan Selatan", LISTED)
INVENTED = Agencies(
    "Kab. Contoh",
    [
        Agency("1", "Puskesmas Contoh 1"),
        Agency("2", "Puskesmas Contoh 2"),
        Agency("3", "Dinas Perumahan Rakyat"),
        Agency("4", "Dinas Perumahan dan Rakyat"),
        Agency("5", "Dinas Pertanian", ("Distan",)),
        Agency("6", "Dinas Pertanahan", ("Distan",)),
        Agency("07", "Bagian Kerja Sama Daerah"),
        Agency("A7", "Badan Kesejahteraan Sosial Daerah"),
    ],
)


def understood(text: str, code: str, agencies: Agencies = KALSEL) -> None:
    read = agencies.read(text)
    assert read.value == code
    assert f" dibaca {code} (" in (read.guess or "")


@pytest.mark.parametrize("agency", LISTED, ids=str)
def test_an_agency_is_known_by_its_code_its_name_and_its_other_names(agency: Agency) -> None:
    assert KALSEL.read(agency.code) == Read(agency.code)
    for name in (agency.name, *agency.aliases):
        for text in (name, name.upper(), f" {name}\u00a0", name.replace(" dan ", " & "), f"{name} Prov. Kalimantan Selatan", f"{name} Kalimantan Selatan"):
            understood(text, agency.code)


@pytest.mark.parametrize("text", [None, "", " ", "-", "\u00a0"])
def test_nothing_is_the_government_itself(text: str | None) -> None:
    assert KALSEL.read(text) == Read("-")


@pytest.mark.parametrize("text", ["Provinsi Kalimantan Selatan", "Pemprov Kalimantan Selatan", "Pemerintah Daerah", "PEMERINTAH PROV. KALIMANTAN SELATAN"])
def test_the_governments_own_name_is_the_government_itself(text: str) -> None:
    understood(text, "-")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2", "002"),
        ("2.0", "002"),
        ("102,0", "102"),
        ("BPBD", "030"),
        ("DPMPTSP", "016"),
        ("Dinas Kesehtan", "002"),
        ("dinas informatika dan komunikasi", "102"),
        ("Dinas Komunikasi dan Informasi", "102"),
        ("Dinas Komunikasi, Informatika", "102"),
        ("Badan Perencanaan Pembangunan Daerah", "007"),
    ],
)
def test_what_can_mean_one_agency_only_is_taken_for_it(text: str, code: str) -> None:
    understood(text, code)


def test_the_sentence_about_an_agency() -> None:
    assert KALSEL.read("Diskominfo").guess == 'SKPD "Diskominfo" dibaca 102 (Dinas Komunikasi dan Informatika)'


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("Sekretariat", "029 Sekretariat DPRD; 027 Sekretariat Daerah; 031 Inspektorat Daerah"),
        ("Dinas Kesehatan Kota Banjarmasin", "002 Dinas Kesehatan"),
        ("Bapeda", "007 Badan Perencanaan Pembangunan Daerah; 033 Badan Pendapatan Daerah"),
        ("777", "tidak ada yang mirip"),
        ("DP", "012 Dinas Pemberdayaan Perempuan, Perlindungan Anak dan Keluarga Berencana"),
    ],
)
def test_what_is_near_no_name_is_not_taken_and_the_nearest_are_named(text: str, candidates: str) -> None:
    assert KALSEL.read(text) == Read(None)
    assert KALSEL.candidates(text) == candidates


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("Dinas Perumahan Rakyat", "3 Dinas Perumahan Rakyat; 4 Dinas Perumahan dan Rakyat"),
        ("Distan", "5 Dinas Pertanian; 6 Dinas Pertanahan"),
        ("BKSD", "07 Bagian Kerja Sama Daerah; A7 Badan Kesejahteraan Sosial Daerah"),
        ("Puskesmas Contoh", "1 Puskesmas Contoh 1; 2 Puskesmas Contoh 2"),
        ("Puskesmas Contoh 3", "1 Puskesmas Contoh 1; 2 Puskesmas Contoh 2"),
    ],
)
def test_what_can_mean_two_agencies_is_not_taken_for_either(text: str, candidates: str) -> None:
    assert INVENTED.read(text) == Read(None)
    assert INVENTED.candidates(text) == candidates


def test_of_numbered_agencies_the_number_decides() -> None:
    understood("Puskesmas Conto 2", "2", INVENTED)


def test_where_no_agency_is_listed_none_is_read_and_it_is_said_so() -> None:
    none = Agencies("Kab. Contoh", ())
    assert none.read("Dinas Kesehatan") == Read(None)
    assert none.candidates("Dinas Kesehatan") == "belum ada SKPD terdaftar untuk Kab. Contoh"


@pytest.mark.parametrize("missing", LISTED, ids=str)
def test_an_agency_that_is_not_listed_is_not_taken_for_another(missing: Agency) -> None:
    others = Agencies(KALSEL.government, [agency for agency in LISTED if agency is not missing])
    for name in (missing.name, *missing.aliases):
        assert others.read(name) == Read(None)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(LISTED), st.integers(0, 60), st.sampled_from("aeiklnrst"), st.sampled_from(["drop", "double", "change"]))
def test_a_slip_of_the_pen_never_makes_an_agency_another(agency: Agency, place: int, letter: str, slip: str) -> None:
    at = place % len(agency.name)
    put = {"drop": "", "double": agency.name[at] * 2, "change": letter}[slip]
    assert KALSEL.read(agency.name[:at] + put + agency.name[at + 1 :]).value in (agency.code, None)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.lists(st.sampled_from(["dinas", "badan", "daerah", "dan", "&", ".", "kab", "1", "\u00a0"]), max_size=8).map(" ".join))
def test_any_text_is_an_agency_or_not_and_never_breaks(text: str) -> None:
    for agencies in (KALSEL, INVENTED, Agencies("", ()), Agencies("?", [replace(LISTED[0], name="-")])):
        read = agencies.read(text)
        assert read.value is None or read.value == "-" or read.value in agencies.by_code
        assert agencies.candidates(text)
