"""The reckoning of indices, against officially published numbers and against an independent reckoning in exact fractions."""

import csv
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assets.readiness import release
from expectations import derived
from tests.conftest import ROOT
from warehouse import database, migrations, reference
from warehouse.archive import Archive, ReleaseRecord
from warehouse.registry import Government

INVENTED = Government("99", "Contoh", "Asia/Makassar")
KNOWN = datetime(2026, 9, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SCALE = {"SPBE2018": (0, 5, 1), "SPBE2020": (1, 5, 1), "PEMDI2026": (1, 5, 100)}
EXAMPLES = settings(max_examples=100, deadline=None)

Key = tuple[str, ...]
Row = dict[str, Any]


@dataclass(frozen=True)
class Component:
    id: str
    parent: str
    level: str
    weight: Fraction
    optional: bool


def read_components() -> dict[str, dict[str, Component]]:
    """The weights as they stand in the reference file, read without the code under test."""
    found: dict[str, dict[str, Component]] = {}
    with (ROOT / "warehouse" / "reference" / "component.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            component = Component(
                row["component_id"], row["parent_id"], row["level"], Fraction(int(row["weight_num"]), int(row["weight_den"])), row["optional"] == "true"
            )
            found.setdefault(row["instrument_id"], {})[component.id] = component
    return found


COMPONENTS = read_components()
INDICATORS = {name: [one for one in components.values() if one.level == "indicator"] for name, components in COMPONENTS.items()}


@pytest.fixture(scope="module")
def loaded() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as connection:
        migrations.apply(connection)
        reference.load(connection, (INVENTED,))
        yield connection


@contextmanager
def undone(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Nothing done inside lasts: the warehouse is made once for the whole file."""
    connection.execute("begin")
    try:
        yield
    finally:
        connection.execute("rollback")


def claim(
    connection: duckdb.DuckDBPyConnection,
    instrument: str,
    levels: Mapping[str, Decimal | int],
    *,
    government: str = "99",
    period: str = "2026-Q3",
    stage: str = "final",
    known_at: datetime = KNOWN,
    submitted_at: datetime | None = None,
    received_at: datetime = KNOWN,
    first_row: int = 2,
) -> None:
    """One event per indicator, as a submission's promotion writes them."""
    connection.execute(
        """
        insert into core.assessment by name
        select
            $government as government_code, '-' as agency_code, $period as period, $instrument as instrument_id, unnest($indicators) as indicator_id,
            $stage as stage, unnest($levels)::decimal(5, 2) as value, $submitted_at::timestamptz as submitted_at, $known_at as known_at,
            $received_at as received_at, 'inbox' as feed_id, 'batch' as batch_id, 'hash' as artifact_sha256, unnest($rows) as source_row
        """,
        {
            "government": government,
            "period": period,
            "instrument": instrument,
            "indicators": list(levels),
            "levels": [str(value) for value in levels.values()],
            "stage": stage,
            "submitted_at": submitted_at,
            "known_at": known_at,
            "received_at": received_at,
            "rows": list(range(first_row, first_row + len(levels))),
        },
    )


def announce(connection: duckdb.DuckDBPyConnection, values: Mapping[str, str], *, government: str = "99", period: str = "2025-Q4") -> None:
    """Officially published SPBE2020 numbers; `-` is the index itself."""
    connection.execute(
        """
        insert into core.published_index by name
        select
            $government as government_code, $period as period, 'SPBE2020' as instrument_id, unnest($components) as component_id,
            unnest($values)::decimal(5, 2) as value, 'berita' as source, $known_at as known_at, $known_at as received_at, 'published' as feed_id,
            'batch' as batch_id, 'hash' as artifact_sha256, 2 as source_row
        """,
        {"government": government, "period": period, "components": list(values), "values": list(values.values()), "known_at": KNOWN},
    )


def select(connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, object]) -> list[Row]:
    found = connection.execute(query, dict(parameters))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def indices(connection: duckdb.DuckDBPyConnection, as_of: datetime = NOW) -> list[Row]:
    return select(connection, "select * from readiness.index_as_of($as_of::timestamptz)", {"as_of": as_of})


def index(connection: duckdb.DuckDBPyConnection, as_of: datetime = NOW) -> Row:
    (only,) = indices(connection, as_of)
    return only


def parts(connection: duckdb.DuckDBPyConnection, as_of: datetime = NOW) -> dict[str, Row]:
    rows = select(connection, "select * from readiness.component_as_of($as_of::timestamptz)", {"as_of": as_of})
    return {row["component_id"]: row for row in rows}


def half_up(value: Fraction) -> Decimal:
    """Two decimals, half up, out of an exact fraction. 60 digits are more than any half of ours needs."""
    with localcontext(prec=60):
        return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def denpasar(year: str, column: str) -> dict[str, int]:
    with (ROOT / "samples" / "raw" / "denpasar_spbe_levels.csv").open(encoding="utf-8", newline="") as file:
        return {row["indikator"]: int(row[column]) for row in csv.DictReader(file) if row["tahun"] == year}


# Officially published numbers.


@pytest.mark.parametrize(
    ("year", "instrument", "column", "value", "predicate"),
    [
        ("2018", "SPBE2018", "level_pusat", "2.64", "Baik"),
        ("2018", "SPBE2018", "level_mandiri", "3.67", "Sangat Baik"),
        ("2021", "SPBE2020", "level_pusat", "3.19", "Baik"),
        ("2021", "SPBE2020", "level_mandiri", "3.75", "Sangat Baik"),
    ],
)
def test_denpasars_levels_give_the_index_it_was_given(
    loaded: duckdb.DuckDBPyConnection, year: str, instrument: str, column: str, value: str, predicate: str
) -> None:
    with undone(loaded):
        claim(loaded, instrument, denpasar(year, column), government="51.71", period=f"{year}-Q4")
        found = index(loaded)
    assert (str(found["index_value"]), found["predicate"], found["obs_status"]) == (value, predicate, "A")
    assert (str(found["low"]), str(found["high"]), found["answered_weight"]) == (value, value, 1.0)


@pytest.mark.parametrize(
    ("year", "instrument", "domains"),
    [
        ("2018", "SPBE2018", {"D1": "2.06", "D2": "2.29", "D3": "3.00"}),
        ("2021", "SPBE2020", {"D1": "3.00", "D2": "3.30", "D3": "2.18", "D4": "3.55"}),
    ],
)
def test_denpasars_domains_are_those_it_was_given(loaded: duckdb.DuckDBPyConnection, year: str, instrument: str, domains: dict[str, str]) -> None:
    with undone(loaded):
        claim(loaded, instrument, denpasar(year, "level_pusat"), government="51.71", period=f"{year}-Q4")
        found = parts(loaded)
    assert {name: str(half_up(Fraction(row["value_num"], row["value_den"]))) for name, row in found.items() if row["level"] == "domain"} == domains


@pytest.mark.parametrize(
    ("government", "period", "domains", "value"),
    [
        ("62", "2025-Q4", {"D1": "3.50", "D2": "2.70", "D3": "2.73", "D4": "4.01"}, "3.41"),  # 3.405 exactly: half up, not 3.40
        ("73.22", "2022-Q4", {"D1": "3.10", "D2": "2.30", "D3": "2.18", "D4": "3.51"}, "2.93"),
    ],
)
def test_published_domains_give_the_published_index(
    loaded: duckdb.DuckDBPyConnection, government: str, period: str, domains: dict[str, str], value: str
) -> None:
    with undone(loaded):
        announce(loaded, domains, government=government, period=period)
        found = index(loaded)
    assert (found["government_code"], found["stage"], str(found["index_value"]), found["predicate"]) == (government, "published", value, "Baik")


def test_an_index_published_without_all_its_domains_stands_as_published(loaded: duckdb.DuckDBPyConnection) -> None:
    with undone(loaded):
        announce(loaded, {"-": "2.59", "D1": "2.30", "D2": "1.70", "D3": "1.00"})
        found = index(loaded)
    assert (found["stage"], str(found["index_value"]), found["predicate"], found["obs_status"]) == ("published", "2.59", "Cukup", "A")
    assert (found["score_num"], found["score_den"]) == (259, 100)


def test_published_and_claimed_stand_side_by_side(loaded: duckdb.DuckDBPyConnection) -> None:
    with undone(loaded):
        announce(loaded, {"-": "3.00"}, period="2021-Q4")
        claim(loaded, "SPBE2020", denpasar("2021", "level_pusat"), period="2021-Q4")
        claim(loaded, "SPBE2020", denpasar("2021", "level_mandiri"), period="2021-Q4", stage="self")
        found = {row["stage"]: str(row["index_value"]) for row in indices(loaded)}
    assert found == {"published": "3.00", "final": "3.19", "self": "3.75"}


def test_a_quarter_before_the_first_of_this_system_is_never_due(loaded: duckdb.DuckDBPyConnection) -> None:
    with undone(loaded):
        loaded.execute(
            """
            insert into meta.batch
            select 'b', 's', 'f', 'f.csv', 'check_log 1', '1', now(), now(), 'r', 'promoted', 3, 3, 0, 0, 0, ['1999-Q4', '2017-Q4', '2018-Q1'], null
            """
        )
        assert release.stale_periods(loaded, NOW) == ["2018-Q1"]


def test_what_comes_back_after_something_else_is_released_once_more_and_made_again_alike(tmp_path: Path) -> None:
    """As when a setting is changed, and changed back. A view of the past is no newest release."""
    archive = Archive(tmp_path)

    def under(connection: duckdb.DuckDBPyConnection, settings: str) -> None:
        connection.execute("delete from uptime.rolled_up")
        connection.execute("insert into uptime.rolled_up values ('f', $1, $2, 0)", [settings, NOW])

    def released(connection: duckdb.DuckDBPyConnection, as_of: datetime | None, at: datetime) -> tuple[ReleaseRecord, bool]:
        record, is_new = release.make_release(connection, archive, "2026-Q3", as_of, "run", lambda: at)
        if is_new:
            derived.judge(connection, derived.INDEX_SCORE, {"release_id": record.release_id}, release.judged(record))
        return record, is_new

    with database.scratch() as connection:
        migrations.apply(connection)
        reference.load(connection, (INVENTED,))
        connection.execute("insert into meta.batch select 'b', 's', 'f', 'f.csv', 'r', '1', $1, $1, 'r', 'promoted', 3, 3, 0, 0, 0, ['2026-Q3'], null", [NOW])
        made = []
        for hour, settings in enumerate(["26h", "1m", "26h", "26h", "1m"]):
            under(connection, settings)
            made.append(released(connection, None, NOW + timedelta(hours=hour)))
            assert connection.execute("select release_id from readiness.newest_release").fetchall() == [(made[-1][0].release_id,)]
            assert release.stale_periods(connection, NOW + DAY) == []
        assert [is_new for _, is_new in made] == [True, True, True, False, True]
        assert len({record.release_id for record, _ in made}) == 4
        assert released(connection, NOW + timedelta(minutes=90), NOW + DAY) == (made[1][0], False)
        connection.execute("delete from meta.release")
        records = archive.releases()
        for settings, record in zip(["26h", "1m", "26h", "1m"], records, strict=True):
            under(connection, settings)
            assert release.make_release(connection, archive, record.period, record.as_of, "rebuild", partial(_same, record.created_at)) == (record, True)


def _same(moment: datetime) -> datetime:
    return moment


def test_one_public_service_instead_of_three_counts_as_much_as_three(loaded: duckdb.DuckDBPyConnection) -> None:
    """SPBE2018's last aspect weighs 20 over up to 6 values: without 35-2 and 35-3 it is the mean over the other four."""
    levels = denpasar("2018", "level_pusat")
    kept = {name: value for name, value in levels.items() if name not in ("35-2", "35-3")}
    with undone(loaded):
        claim(loaded, "SPBE2018", kept, period="2018-Q4")
        found, components = index(loaded), parts(loaded)
    last = components["A7"]
    assert Fraction(last["value_num"], last["value_den"]) == Fraction(sum(kept[name] for name in ("32", "33", "34", "35")), 4)
    assert Fraction(last["weight_num"], last["weight_den"]) == 20
    assert Fraction(components["32"]["weight_num"], components["32"]["weight_den"]) == 5
    assert {components[name]["na_reason"] for name in ("35-2", "35-3")} == {"not_applicable"}
    assert {components[name]["weight"] for name in ("35-2", "35-3")} == {0.0}
    assert (found["obs_status"], found["answered_weight"]) == ("A", 1.0)


# Any set of levels.


@dataclass(frozen=True)
class Answers:
    instrument: str
    levels: dict[str, Decimal]


@st.composite
def answers(draw: st.DrawFn, complete: bool) -> Answers:
    """Levels on the instrument's scale; optional indicators may be left out also of a complete set."""
    instrument = draw(st.sampled_from(sorted(COMPONENTS)))
    low, high, den = SCALE[instrument]
    level = st.integers(low * den, high * den).map(lambda value: Decimal(value) / den)
    indicators = INDICATORS[instrument]
    if complete:
        wanted = [one.id for one in indicators if not one.optional or draw(st.booleans())]
    else:
        wanted = draw(st.lists(st.sampled_from([one.id for one in indicators]), min_size=1, max_size=len(indicators), unique=True))
    return Answers(instrument, {name: draw(level) for name in wanted})


@dataclass(frozen=True)
class Reckoned:
    """By hand: the weight of each indicator, exact index, its bounds, and how much of the weight is answered."""

    weights: dict[str, Fraction]
    score: Fraction
    low: Fraction
    high: Fraction
    answered: Fraction


def reckon(given_answers: Answers) -> Reckoned:
    components = COMPONENTS[given_answers.instrument]
    levels = {name: Fraction(value) for name, value in given_answers.levels.items()}
    lowest, highest, _ = SCALE[given_answers.instrument]
    weights: dict[str, Fraction] = {}
    for aspect in (one for one in components.values() if one.level == "aspect"):
        members = [one for one in INDICATORS[given_answers.instrument] if one.parent == aspect.id and (one.id in levels or not one.optional)]
        share = sum((one.weight for one in members), Fraction())
        weights |= {one.id: aspect.weight * one.weight / share for one in members}
    answered = sum((weights[name] for name in levels), Fraction())
    return Reckoned(
        weights,
        sum((weights[name] * value for name, value in levels.items()), Fraction()) / answered,
        sum((weight * levels.get(name, Fraction(lowest)) for name, weight in weights.items()), Fraction()) / 100,
        sum((weight * levels.get(name, Fraction(highest)) for name, weight in weights.items()), Fraction()) / 100,
        answered / 100,
    )


def assert_reckoned_alike(connection: duckdb.DuckDBPyConnection, given_answers: Answers) -> Row:
    """What holds of every index, complete or not. Returns the index."""
    by_hand = reckon(given_answers)
    assert sum(by_hand.weights.values()) == 100
    with undone(connection):
        claim(connection, given_answers.instrument, given_answers.levels)
        found, components = index(connection), parts(connection)
    assert Fraction(found["score_num"], found["score_den"]) == by_hand.score
    assert found["index_value"] == half_up(by_hand.score)
    assert (found["low"], found["high"]) == (half_up(by_hand.low), half_up(by_hand.high))
    assert found["low"] <= found["index_value"] <= found["high"]
    assert found["answered_weight"] == pytest.approx(float(by_hand.answered), abs=1e-12)
    assert set(components) == set(COMPONENTS[given_answers.instrument])
    for level in {one.level for one in COMPONENTS[given_answers.instrument].values()}:
        rows = [row for row in components.values() if row["level"] == level]
        assert sum(row["contribution_num"] or 0 for row in rows) == found["score_num"]
        assert {row["contribution_den"] for row in rows} == {found["score_den"]}
        assert sum(Fraction(row["weight_num"], row["weight_den"]) for row in rows) == 100
    for one in INDICATORS[given_answers.instrument]:
        row = components[one.id]
        assert Fraction(row["weight_num"], row["weight_den"]) == by_hand.weights.get(one.id, 0)
        said = given_answers.levels.get(one.id)
        assert (None if row["value_num"] is None else Fraction(row["value_num"], row["value_den"])) == (None if said is None else Fraction(said))
        assert row["na_reason"] == (None if said is not None else "not_applicable" if one.optional else "not_answered")
        assert row["source_row"] == (None if said is None else 2 + list(given_answers.levels).index(one.id))
    return found


@EXAMPLES
@given(given_answers=answers(complete=True))
def test_a_complete_index_is_the_weighted_mean_of_its_levels(loaded: duckdb.DuckDBPyConnection, given_answers: Answers) -> None:
    found = assert_reckoned_alike(loaded, given_answers)
    assert (found["obs_status"], found["answered_weight"]) == ("A", 1.0)
    assert found["low"] == found["index_value"] == found["high"]
    assert found["predicate"] == band_of(loaded, given_answers.instrument, found["index_value"])


@EXAMPLES
@example(given_answers=Answers("SPBE2018", {"35-2": Decimal(3)}))
@example(given_answers=Answers("SPBE2018", {"1": Decimal(0)}))
@example(given_answers=Answers("PEMDI2026", {str(number): Decimal("4.49") for number in range(2, 21)}))
@given(given_answers=answers(complete=False))
def test_an_incomplete_index_is_provisional_and_says_how_far_it_could_move(loaded: duckdb.DuckDBPyConnection, given_answers: Answers) -> None:
    found = assert_reckoned_alike(loaded, given_answers)
    missing = [one.id for one in INDICATORS[given_answers.instrument] if one.id not in given_answers.levels and not one.optional]
    assert found["obs_status"] == ("P" if missing else "A")
    low, high = (band_of(loaded, given_answers.instrument, found[bound]) for bound in ("low", "high"))
    assert found["predicate"] == (low if low == high else None)


def band_of(connection: duckdb.DuckDBPyConnection, instrument: str, value: Decimal) -> str:
    bands = connection.execute("select predicate_id, min_inclusive from ref.band where instrument_id = $1 order by ordinal", [instrument]).fetchall()
    return str([predicate for predicate, least in bands if value >= least][-1])


def test_a_predicate_is_given_early_only_when_nothing_can_change_it(loaded: duckdb.DuckDBPyConnection) -> None:
    seen = []
    for last in (18, 20):  # without 1, 19 and 20, which weigh 30, the index can leave its band; without 1 alone it cannot
        with undone(loaded):
            claim(loaded, "PEMDI2026", {str(number): 3 for number in range(2, last + 1)})
            found = index(loaded)
        seen.append((found["obs_status"], found["predicate"], str(found["low"]), str(found["index_value"]), str(found["high"])))
    assert seen == [("P", None, "2.40", "3.00", "3.60"), ("P", "Baik", "2.90", "3.00", "3.10")]


def test_rounding_is_half_up_for_thousands_of_ratios(loaded: duckdb.DuckDBPyConnection) -> None:
    """1.45 / 10 gave 0.14 in DuckDB's decimals. Every half of a hundredth on the scale, and ratios with the denominators of the instruments."""
    random_numbers = random.Random(20260930)
    ratios = [(number, 200) for number in range(1001)]
    ratios += [(number * factor, 200 * factor) for number in range(1, 1001, 2) for factor in (3, 7, 420)]
    for _ in range(3000):
        denominator = random_numbers.randint(1, 10**12)
        ratios.append((random_numbers.randint(0, 5 * denominator), denominator))
    rounded = loaded.execute(
        "select readiness.half_up(pair.n, pair.d) from (select unnest($pairs::struct(n bigint, d bigint)[]) as pair)",
        {"pairs": [{"n": numerator, "d": denominator} for numerator, denominator in ratios]},
    ).fetchall()
    by_hand = [half_up(Fraction(numerator, denominator)) for numerator, denominator in ratios]
    assert [row[0] for row in rounded] == by_hand
    assert loaded.execute("select readiness.half_up(145, 1000)").fetchall() == [(Decimal("0.15"),)]


# What was known when.


def test_any_past_now_shows_what_was_known_then(loaded: duckdb.DuckDBPyConnection) -> None:
    with undone(loaded):
        claim(loaded, "PEMDI2026", {str(number): 3 for number in range(1, 21)})
        claim(loaded, "PEMDI2026", {"20": 5}, known_at=KNOWN + 10 * DAY, received_at=KNOWN + 10 * DAY)
        seen = {days: [str(row["index_value"]) for row in indices(loaded, KNOWN + days * DAY)] for days in (-1, 0, 9, 10, 11)}
        assert index(loaded, KNOWN + 9 * DAY)["as_of"] == KNOWN + 9 * DAY
        raised = parts(loaded, KNOWN + 10 * DAY)["20"]
    assert seen == {-1: [], 0: ["3.00"], 9: ["3.00"], 10: ["3.30"], 11: ["3.30"]}
    assert (raised["value"], raised["source_row"]) == (5.0, 2)


def test_an_instrument_that_was_not_yet_known_reckons_nothing(loaded: duckdb.DuckDBPyConnection) -> None:
    early = datetime(2026, 6, 1, tzinfo=UTC)
    with undone(loaded):
        claim(loaded, "PEMDI2026", {str(number): 3 for number in range(1, 21)}, known_at=early, received_at=early)
        assert indices(loaded, early) == []
        assert [str(row["index_value"]) for row in indices(loaded, datetime(2026, 6, 6, tzinfo=UTC))] == ["3.00"]


EARLY, LATE = KNOWN, KNOWN + DAY
# (loser, winner): known_at, submitted_at, received_at, first_row, most telling first.
TIES = {
    "known later": ((EARLY, LATE, LATE, 9), (LATE, EARLY, EARLY, 2)),
    "sent later": ((EARLY, EARLY, LATE, 9), (EARLY, LATE, EARLY, 2)),
    "sent at a stated time": ((EARLY, None, LATE, 9), (EARLY, EARLY, EARLY, 2)),
    "received later": ((EARLY, EARLY, EARLY, 9), (EARLY, EARLY, LATE, 2)),
    "further down the file": ((EARLY, EARLY, EARLY, 2), (EARLY, EARLY, EARLY, 9)),
}


@pytest.mark.parametrize("order", ["loser first", "winner first"])
@pytest.mark.parametrize("why", sorted(TIES))
def test_of_two_claims_the_last_word_wins(loaded: duckdb.DuckDBPyConnection, why: str, order: str) -> None:
    events = list(zip((2, 4), TIES[why], strict=True))
    with undone(loaded):
        for value, (known_at, submitted_at, received_at, first_row) in events if order == "loser first" else reversed(events):
            claim(loaded, "PEMDI2026", {"1": value}, known_at=known_at, submitted_at=submitted_at, received_at=received_at, first_row=first_row)
        assert str(index(loaded)["index_value"]) == "4.00"
        assert loaded.execute("select value from core.assessment_current").fetchall() == [(Decimal("4.00"),)]


def test_governments_periods_and_stages_do_not_mix(loaded: duckdb.DuckDBPyConnection) -> None:
    with undone(loaded):
        levels = {str(number): 3 for number in range(1, 21)}
        claim(loaded, "PEMDI2026", levels)
        claim(loaded, "PEMDI2026", {"1": 5}, stage="self")
        claim(loaded, "PEMDI2026", {"1": 1}, period="2026-Q2")
        claim(loaded, "PEMDI2026", {"1": 2}, government="63")
        found = {(row["government_code"], row["period"], row["stage"]): str(row["index_value"]) for row in indices(loaded)}
    assert found == {
        ("99", "2026-Q3", "final"): "3.00",
        ("99", "2026-Q3", "self"): "5.00",
        ("99", "2026-Q2", "final"): "1.00",
        ("63", "2026-Q3", "final"): "2.00",
    }
