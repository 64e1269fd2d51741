"""Reference data: weights, bands and points are whole and exact, because no code corrects them; settings may rename a government."""

import itertools
import shutil
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import ROOT
from warehouse import database, migrations, reference
from warehouse.registry import Government

INSTRUMENTS = ("SPBE2018", "SPBE2020", "PEMDI2026")
RENAMED = Government("63", "Pemprov Kalsel", "Asia/Makassar")
INVENTED = Government("99", "Contoh", "Asia/Jayapura")
# A parent's weight is the sum of its children's, and so is 100 for each whole level.
LEVELS = [("SPBE2018", "domain"), ("SPBE2018", "aspect"), ("SPBE2018", "indicator"), ("SPBE2020", "domain"), ("SPBE2020", "aspect")]
LEVELS += [("SPBE2020", "indicator"), ("PEMDI2026", "aspect"), ("PEMDI2026", "indicator")]

Row = dict[str, Any]


@pytest.fixture(scope="module")
def loaded() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        reference.load(connection, (RENAMED, INVENTED))
        yield connection


def rows(connection: duckdb.DuckDBPyConnection, table: str) -> list[Row]:
    found = connection.execute(f"select * from {table}")
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture(scope="module")
def components(loaded: duckdb.DuckDBPyConnection) -> list[Row]:
    return [row | {"weight": Fraction(row["weight_num"], row["weight_den"])} for row in rows(loaded, "ref.component")]


def test_the_instruments_are_those_that_were_in_force(loaded: duckdb.DuckDBPyConnection) -> None:
    found = {row["instrument_id"]: (row["value_min"], row["value_max"], row["value_den"]) for row in rows(loaded, "ref.instrument")}
    assert found == {"SPBE2018": (0, 5, 1), "SPBE2020": (1, 5, 1), "PEMDI2026": (1, 5, 100)}


def test_no_day_since_2018_has_two_instruments_or_none(loaded: duckdb.DuckDBPyConnection) -> None:
    spans = sorted((row["valid_from"], row["valid_to"]) for row in rows(loaded, "ref.instrument"))
    assert spans[0][0].isoformat() == "2018-01-01"
    assert spans[-1][1] is None
    assert [(after[0] - before[1]).days for before, after in itertools.pairwise(spans)] == [1, 1]


@pytest.mark.parametrize(("instrument", "level"), LEVELS)
def test_the_weights_of_a_level_sum_to_100(components: list[Row], instrument: str, level: str) -> None:
    weights = [row["weight"] for row in components if row["instrument_id"] == instrument and row["level"] == level]
    assert weights
    assert sum(weights) == 100


def test_there_is_no_level_that_this_file_does_not_check(components: list[Row]) -> None:
    assert {(row["instrument_id"], row["level"]) for row in components} == set(LEVELS)


def test_the_parts_of_a_component_sum_to_its_weight(components: list[Row]) -> None:
    weight = {(row["instrument_id"], row["component_id"]): row["weight"] for row in components}
    parts: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in components:
        if row["parent_id"] is not None:
            parts[row["instrument_id"], row["parent_id"]] += row["weight"]
    with_parts = {(row["instrument_id"], row["component_id"]) for row in components if row["level"] != "indicator"}
    assert {key: parts[key] for key in with_parts} == {key: weight[key] for key in with_parts}
    assert set(parts) == with_parts, "a parent that is not there, or an indicator with parts"


def test_a_parent_is_one_level_up(components: list[Row]) -> None:
    level = {(row["instrument_id"], row["component_id"]): row["level"] for row in components}
    steps = {(row["instrument_id"], row["level"], level.get((row["instrument_id"], row["parent_id"]))) for row in components}
    spbe = {(name, *step) for name in ("SPBE2018", "SPBE2020") for step in (("domain", None), ("aspect", "domain"), ("indicator", "aspect"))}
    assert steps == spbe | {("PEMDI2026", "aspect", None), ("PEMDI2026", "indicator", "aspect")}


def test_component_ids_are_unique_within_an_instrument(components: list[Row]) -> None:
    keys = [(row["instrument_id"], row["component_id"]) for row in components]
    assert len(keys) == len(set(keys))


def test_the_indicators_of_an_aspect_share_one_denominator(components: list[Row]) -> None:
    """The reckoning spreads an aspect's weight by the numerators alone."""
    denominators: dict[tuple[str, str], set[int]] = defaultdict(set)
    for row in components:
        if row["level"] == "indicator":
            denominators[row["instrument_id"], row["parent_id"]].add(row["weight_den"])
    assert {key: found for key, found in denominators.items() if len(found) != 1} == {}
    assert len(denominators) == 7 + 8 + 7


def test_only_the_second_and_third_public_service_of_spbe_2018_may_be_left_out(components: list[Row]) -> None:
    optional = {(row["instrument_id"], row["component_id"]) for row in components if row["optional"]}
    assert optional == {("SPBE2018", "35-2"), ("SPBE2018", "35-3")}


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_every_index_on_the_scale_has_just_one_predicate(loaded: duckdb.DuckDBPyConnection, instrument: str) -> None:
    scale = next(row for row in rows(loaded, "ref.instrument") if row["instrument_id"] == instrument)
    bands = sorted((row for row in rows(loaded, "ref.band") if row["instrument_id"] == instrument), key=lambda row: int(row["ordinal"]))
    assert [row["predicate_id"] for row in bands] == ["Kurang", "Cukup", "Baik", "Sangat Baik", "Memuaskan"]
    for before, after in itertools.pairwise(bands):
        assert before["max_exclusive"] == after["min_inclusive"]
    assert all(row["min_inclusive"] < row["max_exclusive"] for row in bands)
    assert bands[0]["min_inclusive"] <= scale["value_min"]
    assert bands[-1]["max_exclusive"] == scale["value_max"] + Decimal("0.01")


def test_bands_weights_and_instruments_are_valid_at_the_same_time(loaded: duckdb.DuckDBPyConnection) -> None:
    spans = {row["instrument_id"]: (row["valid_from"], row["valid_to"], row["known_at"]) for row in rows(loaded, "ref.instrument")}
    for table in ("ref.component", "ref.band"):
        for row in rows(loaded, table):
            assert (row["valid_from"], row["valid_to"], row["known_at"]) == spans[row["instrument_id"]]


def test_the_points_of_the_mqa_sum_to_405(loaded: duckdb.DuckDBPyConnection) -> None:
    points: dict[str, int] = defaultdict(int)
    for row in rows(loaded, "ref.measurement_rule"):
        if row["family"] == "MQA":
            points[row["dimension"]] += row["max_points"]
    assert points == {"findability": 100, "accessibility": 100, "interoperability": 110, "reusability": 75, "contextuality": 20}
    assert sum(points.values()) == 405


def test_everything_says_where_it_comes_from(loaded: duckdb.DuckDBPyConnection) -> None:
    for table in ("instrument", "component", "band", "measurement_rule", "region", "agency"):
        found = rows(loaded, f"ref.{table}")
        assert found
        assert [row for row in found if not row["source"]] == []


def test_settings_rename_a_government_and_keep_its_name_as_an_alias(loaded: duckdb.DuckDBPyConnection) -> None:
    government = next(row for row in rows(loaded, "ref.government") if row["code"] == "63")
    region = next(row for row in rows(loaded, "ref.region") if row["code"] == "63")
    assert region["name"] != RENAMED.name
    assert (government["name"], government["timezone"], government["aliases"]) == (RENAMED.name, RENAMED.timezone, [region["name"]])
    assert government["source"] == region["source"]


def test_settings_add_a_government_that_is_no_region(loaded: duckdb.DuckDBPyConnection) -> None:
    government = next(row for row in rows(loaded, "ref.government") if row["code"] == "99")
    assert (government["name"], government["timezone"], government["aliases"], government["source"]) == ("Contoh", "Asia/Jayapura", [], "settings")


def test_every_other_region_is_a_government_under_its_own_name(loaded: duckdb.DuckDBPyConnection) -> None:
    governments = {row["code"]: row["name"] for row in rows(loaded, "ref.government")}
    regions = {row["code"]: row["name"] for row in rows(loaded, "ref.region")}
    assert len(regions) > 500
    assert governments == regions | {"63": RENAMED.name, "99": INVENTED.name}


def test_codes_are_text_and_keep_their_zeros(loaded: duckdb.DuckDBPyConnection) -> None:
    codes = {row["code"] for row in rows(loaded, "ref.region")}
    assert {"63.10", "63.01"} <= codes
    assert "63.1" not in codes
    assert {row["parent_code"] for row in rows(loaded, "ref.region") if row["code"].startswith("63.")} == {"63"}


def test_kinds_of_regions_hang_together(loaded: duckdb.DuckDBPyConnection) -> None:
    regions = {row["code"]: row for row in rows(loaded, "ref.region")}
    assert [code for code, row in regions.items() if row["parent_code"] is not None and row["parent_code"] not in regions] == []
    assert {row["timezone"] for row in regions.values()} == {"Asia/Jakarta", "Asia/Pontianak", "Asia/Makassar", "Asia/Jayapura"}


def test_every_agency_belongs_to_a_government_and_has_one_code(loaded: duckdb.DuckDBPyConnection) -> None:
    governments = {row["code"] for row in rows(loaded, "ref.government")}
    agencies = [(row["government_code"], row["code"]) for row in rows(loaded, "ref.agency")]
    assert agencies
    assert {government for government, _ in agencies} <= governments
    assert len(agencies) == len(set(agencies))


def test_loading_again_changes_nothing_and_takes_back_what_settings_no_longer_say() -> None:
    with database.scratch() as connection:
        migrations.apply(connection)
        first = reference.load(connection, (RENAMED, INVENTED))
        before = [rows(connection, f"ref.{table}") for table in sorted(first)]
        assert reference.load(connection, (RENAMED, INVENTED)) == first
        assert [rows(connection, f"ref.{table}") for table in sorted(first)] == before
        reference.load(connection, ())
        governments = {row["code"]: row["name"] for row in rows(connection, "ref.government")}
        assert governments == {row["code"]: row["name"] for row in rows(connection, "ref.region")}


@pytest.mark.parametrize(("table", "counts"), [("instrument", True), ("component", True), ("band", True), ("region", False), ("agency", False)])
def test_the_fingerprint_changes_with_what_an_index_depends_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, counts: bool) -> None:
    before = reference.fingerprint(*reference.OF_AN_INDEX)
    folder = tmp_path / "reference"
    shutil.copytree(ROOT / "warehouse" / "reference", folder)
    monkeypatch.setattr(reference, "_FOLDER", folder)
    assert reference.fingerprint(*reference.OF_AN_INDEX) == before
    with (folder / f"{table}.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert (reference.fingerprint(*reference.OF_AN_INDEX) != before) is counts
