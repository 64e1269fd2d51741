"""What the system notices when a file is unlike the feed's files before it: columns, volume, content; and when it rightly says nothing.
All files are made up and labelled so: government 99 does not exist."""

import json
import random
import shutil
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.test_suites import INVENTED, MADE_UP, NEIGHBOUR, START, WITHOUT_ROWS, Brought, Installation, Row, as_ckan, as_csv, checks, datasets
from warehouse.registry import Feed, FeedKind, Government

ROWS = 40
ASPECTS = ("columns", "volume", "content")


def check_log(number: int, rows: int = ROWS) -> list[Row]:
    """The feed's file of one hour: latencies 100, 110 ... 190, all up."""
    return [
        {
            "service": "buatan-1",
            "url": "https://buatan-1.contoh.go.id/",
            "checked_at": (START - timedelta(hours=20 - number) + timedelta(seconds=30 * row)).isoformat(),
            "status": "up",
            "latency_ms": str(100 + 10 * (row % 10)),
            "http_code": "200",
        }
        for row in range(rows)
    ]


def submission(number: int, rows: int = ROWS) -> list[Row]:
    """The file of one year: half of the indicators on level 1, half on 5."""
    return [
        {
            "government_code": "99",
            "agency_code": "",
            "period": f"{2021 + number}-Q4",
            "instrument_id": "SPBE2020",
            "indicator_id": str(row + 1),
            "stage": "self",
            "value": "15"[row % 2],
            "explanation": MADE_UP,
            "evidence_file": "bukti.pdf",
            "evidence_date": "2021-06-30",
        }
        for row in range(rows)
    ]


FILES = {FeedKind.CHECK_LOG: check_log, FeedKind.SUBMISSION: submission}
KINDS = [pytest.param(kind, id=kind.value) for kind in FILES]
EARLIER = 3


def feed_of(installation: Installation, kind: FeedKind, government: Government = INVENTED) -> Feed:
    return installation.feed(f"ajek_{kind.value}_{government.code}", kind, government)


@pytest.fixture(scope="module")
def three_files_of_each(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Three steady files of 40 rows per feed."""
    made = Installation(tmp_path_factory.mktemp("drift") / "home")
    for kind, file in FILES.items():
        for number in range(EARLIER):
            brought = made.bring(feed_of(made, kind), as_csv(file(number)))
            assert made.batch(brought)["added"] == ROWS
    return made


@pytest.fixture
def history(three_files_of_each: Installation, tmp_path: Path) -> Installation:
    """A copy of that for each test."""
    shutil.copytree(three_files_of_each.root, tmp_path / "home")
    copied = Installation(tmp_path / "home")
    copied.now = three_files_of_each.now
    return copied


def steadiness(installation: Installation, brought: Brought) -> dict[str, str]:
    statuses = installation.statuses(brought)
    return {aspect: statuses[f"{brought.suite.name}.{aspect}_steady"] for aspect in ASPECTS}


def findings(installation: Installation, brought: Brought, aspect: str) -> set[str]:
    observed = installation.observed(brought, f"{brought.suite.name}.{aspect}_steady")
    return set(observed.split("; ")) if observed else set()


def renamed(rows: Sequence[Row], names: Mapping[str, str]) -> list[Row]:
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]


def changed(rows: Sequence[Row], **values: Sequence[str] | str) -> list[Row]:
    """Columns with other values: one for all rows, or one per row."""
    return [row | {name: value if isinstance(value, str) else value[place] for name, value in values.items()} for place, row in enumerate(rows)]


# When there is something to compare with.


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_judged_until_there_is_enough_history(tmp_path: Path, kind: FeedKind) -> None:
    installation = Installation(tmp_path)
    feed, file = feed_of(installation, kind), FILES[kind]
    seen = [steadiness(installation, installation.bring(feed, as_csv(file(number)))) for number in range(4)]
    nothing_yet = dict.fromkeys(ASPECTS, "not_evaluated")
    assert seen == [nothing_yet, nothing_yet | {"columns": "pass"}, nothing_yet | {"columns": "pass"}, dict.fromkeys(ASPECTS, "pass")]


def test_a_second_file_of_quite_another_size_and_content_is_not_flagged(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    feed = feed_of(installation, FeedKind.CHECK_LOG)
    installation.bring(feed, as_csv(check_log(0)))
    second = installation.bring(feed, as_csv(changed(check_log(1, rows=400), latency_ms="9000", http_code="500")))
    assert steadiness(installation, second) == {"columns": "pass", "volume": "not_evaluated", "content": "not_evaluated"}


def test_content_is_not_judged_on_files_of_less_than_thirty_rows(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    feed = feed_of(installation, FeedKind.CHECK_LOG)
    for number in range(3):
        installation.bring(feed, as_csv(check_log(number, rows=29)))
    fourth = installation.bring(feed, as_csv(changed(check_log(3, rows=29), latency_ms="9000")))
    assert steadiness(installation, fourth) == {"columns": "pass", "volume": "pass", "content": "not_evaluated"}


def test_rejected_files_and_other_feeds_are_no_history(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    feed, neighbour = feed_of(installation, FeedKind.CHECK_LOG), feed_of(installation, FeedKind.CHECK_LOG, NEIGHBOUR)
    for number in range(3):
        installation.bring(neighbour, as_csv(check_log(number)))
        rejected = installation.bring(feed, WITHOUT_ROWS[FeedKind.CHECK_LOG] + b"\n" * number)
        assert installation.batch(rejected)["status"] == "rejected"
    assert steadiness(installation, installation.bring(feed, as_csv(check_log(4)))) == dict.fromkeys(ASPECTS, "not_evaluated")


@pytest.mark.parametrize("kind", KINDS)
def test_a_steady_file_passes(history: Installation, kind: FeedKind) -> None:
    brought = history.bring(feed_of(history, kind), as_csv(FILES[kind](EARLIER)))
    assert steadiness(history, brought) == dict.fromkeys(ASPECTS, "pass")
    assert [findings(history, brought, aspect) for aspect in ASPECTS] == [set(), set(), set()]


# Columns.


@pytest.mark.parametrize("kind", KINDS)
def test_an_added_column_is_named(history: Installation, kind: FeedKind) -> None:
    brought = history.bring(feed_of(history, kind), as_csv(changed(FILES[kind](EARLIER), keterangan_lain=MADE_UP)))
    assert steadiness(history, brought) == {"columns": "warn", "volume": "pass", "content": "pass"}
    assert findings(history, brought, "columns") == {"added: keterangan_lain"}
    assert history.batch(brought)["added"] == ROWS


@pytest.mark.parametrize(("kind", "column"), [(FeedKind.CHECK_LOG, "url"), (FeedKind.SUBMISSION, "evidence_date")])
def test_a_missing_column_is_named(history: Installation, kind: FeedKind, column: str) -> None:
    rows = [{name: value for name, value in row.items() if name != column} for row in FILES[kind](EARLIER)]
    brought = history.bring(feed_of(history, kind), as_csv(rows))
    assert steadiness(history, brought)["columns"] == "warn"
    assert findings(history, brought, "columns") == {f"missing: {column}"}
    assert history.batch(brought)["status"] == "promoted"


@pytest.mark.parametrize(
    ("kind", "names", "said"),
    [
        (FeedKind.CHECK_LOG, {"latency_ms": "latency_msec"}, "renamed: latency_ms is now latency_msec?"),
        (FeedKind.SUBMISSION, {"explanation": "explanations"}, "renamed: explanation is now explanations?"),
    ],
)
def test_a_renamed_column_is_named_with_what_it_is_probably_called_now(history: Installation, kind: FeedKind, names: dict[str, str], said: str) -> None:
    brought = history.bring(feed_of(history, kind), as_csv(renamed(FILES[kind](EARLIER), names)))
    assert steadiness(history, brought)["columns"] == "warn"
    assert findings(history, brought, "columns") == {said}


def test_of_several_new_columns_the_nearest_name_is_suggested_and_the_others_are_called_added(history: Installation) -> None:
    rows = changed(renamed(check_log(EARLIER), {"latency_ms": "latency_msec"}), lattice="1", zona=MADE_UP)
    brought = history.bring(feed_of(history, FeedKind.CHECK_LOG), as_csv(rows))
    assert findings(history, brought, "columns") == {"renamed: latency_ms is now latency_msec?", "added: lattice", "added: zona"}


RETYPED = {
    "times": (FeedKind.CHECK_LOG, "checked_at", "pukul enam", "retyped: checked_at: 0.0 % can be read, 100.0 % before"),
    "levels": (FeedKind.SUBMISSION, "value", "tiga", "retyped: value: 0.0 % can be read, 100.0 % before"),
    "dates": (FeedKind.SUBMISSION, "evidence_date", "kapan-kapan", "retyped: evidence_date: 0.0 % can be read, 100.0 % before"),
    "latencies": (FeedKind.CHECK_LOG, "latency_ms", "120 ms", "retyped: latency_ms: 0.0 % can be read, 100.0 % before"),
}


@pytest.mark.parametrize(("kind", "column", "text", "said"), RETYPED.values(), ids=RETYPED.keys())
def test_a_column_whose_cells_can_no_longer_be_read_is_named(history: Installation, kind: FeedKind, column: str, text: str, said: str) -> None:
    brought = history.bring(feed_of(history, kind), as_csv(changed(FILES[kind](EARLIER), **{column: text})))
    assert steadiness(history, brought)["columns"] == "warn"
    assert findings(history, brought, "columns") == {said}


def test_a_few_unreadable_cells_are_no_change_of_type(history: Installation) -> None:
    dates = ["kapan-kapan" if place < 10 else "2021-06-30" for place in range(ROWS)]
    brought = history.bring(feed_of(history, FeedKind.SUBMISSION), as_csv(changed(submission(EARLIER), evidence_date=dates)))
    assert history.statuses(brought)["submission.dates_readable"] == "warn"
    assert steadiness(history, brought)["columns"] == "pass"


@pytest.mark.parametrize("kind", KINDS)
def test_another_order_or_spelling_of_the_columns_is_no_change(history: Installation, kind: FeedKind) -> None:
    rows = [{name.upper(): row[name] for name in reversed(row)} for row in FILES[kind](EARLIER)]
    brought = history.bring(feed_of(history, kind), as_csv(rows))
    assert steadiness(history, brought) == dict.fromkeys(ASPECTS, "pass")


# Volume.


@pytest.mark.parametrize(
    ("rows", "status", "said"), [(19, "warn", {"rows: 19, usually 40"}), (20, "pass", set()), (80, "pass", set()), (81, "warn", {"rows: 81, usually 40"})]
)
def test_less_than_half_or_more_than_double_the_usual_rows_are_flagged_and_kept(history: Installation, rows: int, status: str, said: set[str]) -> None:
    brought = history.bring(feed_of(history, FeedKind.CHECK_LOG), as_csv(check_log(EARLIER, rows=rows)))
    assert steadiness(history, brought)["volume"] == status
    assert findings(history, brought, "volume") == said
    assert history.batch(brought)["added"] == rows


def test_half_a_submission_is_flagged(history: Installation) -> None:
    brought = history.bring(feed_of(history, FeedKind.SUBMISSION), as_csv(submission(EARLIER, rows=5)))
    assert findings(history, brought, "volume") == {"rows: 5, usually 40"}


# Content.


def test_a_column_that_runs_empty_is_flagged(history: Installation) -> None:
    latencies = ["" if place < 12 else row["latency_ms"] for place, row in enumerate(check_log(EARLIER))]
    brought = history.bring(feed_of(history, FeedKind.CHECK_LOG), as_csv(changed(check_log(EARLIER), latency_ms=latencies)))
    assert steadiness(history, brought) == {"columns": "pass", "volume": "pass", "content": "warn"}
    assert findings(history, brought, "content") == {"empty: latency_ms: 30.0 % of rows, usually 0.0 %"}


def test_a_column_of_free_text_that_runs_empty_is_flagged(history: Installation) -> None:
    brought = history.bring(feed_of(history, FeedKind.SUBMISSION), as_csv(changed(submission(EARLIER), explanation="")))
    assert findings(history, brought, "content") == {"empty: explanation: 100.0 % of rows, usually 0.0 %"}


def test_a_few_empty_cells_are_not_flagged(history: Installation) -> None:
    latencies = ["" if place < 8 else row["latency_ms"] for place, row in enumerate(check_log(EARLIER))]
    brought = history.bring(feed_of(history, FeedKind.CHECK_LOG), as_csv(changed(check_log(EARLIER), latency_ms=latencies)))
    assert steadiness(history, brought)["content"] == "pass"


def test_a_mean_off_by_more_than_a_standard_deviation_is_flagged_and_a_smaller_move_is_not(history: Installation) -> None:
    feed = feed_of(history, FeedKind.CHECK_LOG)
    slightly = [str(int(row["latency_ms"]) + 20) for row in check_log(EARLIER)]
    assert steadiness(history, history.bring(feed, as_csv(changed(check_log(EARLIER), latency_ms=slightly))))["content"] == "pass"
    clearly = [str(int(row["latency_ms"]) + 500) for row in check_log(EARLIER + 1)]
    brought = history.bring(feed, as_csv(changed(check_log(EARLIER + 1), latency_ms=clearly)))
    assert steadiness(history, brought)["content"] == "warn"
    said = findings(history, brought, "content")
    assert "mean: latency_ms: 645.0, usually 150.0" in said
    assert {finding.split(":")[1] for finding in said} == {" latency_ms"}


def test_other_values_with_the_same_mean_are_flagged(history: Installation) -> None:
    brought = history.bring(feed_of(history, FeedKind.SUBMISSION), as_csv(changed(submission(EARLIER), value="3")))
    assert steadiness(history, brought) == {"columns": "pass", "volume": "pass", "content": "warn"}
    assert findings(history, brought, "content") == {"spread: value: 100.0 % of rows have other values than usual"}


def test_a_few_other_values_are_not_flagged(history: Installation) -> None:
    values = ["3" if place < 10 else row["value"] for place, row in enumerate(submission(EARLIER))]
    brought = history.bring(feed_of(history, FeedKind.SUBMISSION), as_csv(changed(submission(EARLIER), value=values)))
    assert steadiness(history, brought)["content"] == "pass"


def test_values_that_are_not_watched_may_change_freely(history: Installation) -> None:
    brought = history.bring(feed_of(history, FeedKind.CHECK_LOG), as_csv(changed(check_log(EARLIER), service="buatan-2", url="https://buatan-2.contoh.go.id/")))
    assert steadiness(history, brought) == dict.fromkeys(ASPECTS, "pass")


def test_only_the_last_five_files_say_what_is_usual(history: Installation) -> None:
    feed = feed_of(history, FeedKind.CHECK_LOG)
    seen = [findings(history, history.bring(feed, as_csv(check_log(number, rows=120))), "volume") for number in range(EARLIER, EARLIER + 6)]
    assert seen == [{"rows: 120, usually 40"}, {"rows: 120, usually 40"}, {"rows: 120, usually 40"}, set(), set(), set()]


def test_a_column_with_too_many_values_to_count_in_earlier_files_is_not_called_changed(tmp_path: Path) -> None:
    """Where an earlier file had more than 50 values, their shares are not known: what is not known is not different."""
    installation = Installation(tmp_path)
    feed = feed_of(installation, FeedKind.CHECK_LOG)
    many = [str(100 + place % 60) for place in range(600)]
    few = [str(100 + place % 40) for place in range(600)]
    for number, latencies in enumerate([many, many, many, few]):
        installation.bring(feed, as_csv(changed(check_log(4 * number, rows=600), latency_ms=latencies)))
    brought = installation.bring(feed, as_csv(changed(check_log(16, rows=600), latency_ms=few)))
    assert findings(installation, brought, "content") == set()
    assert steadiness(installation, brought)["content"] in ("pass", "not_evaluated")


@pytest.mark.parametrize(
    "words", ['Siaran pers "SPBE"', "C:\\berkas", "*", "50 % [draf] {1} $.a", "it's; -- x"], ids=["quotes", "backslash", "asterisk", "signs", "sql"]
)
def test_values_may_hold_any_sign_of_the_keyboard(tmp_path: Path, words: str) -> None:
    installation = Installation(tmp_path)
    index = {"government_code": "99", "period": "2022-Q4", "instrument_id": "SPBE2020", "component_id": "-", "value": "3.00", "source": words}
    files = {
        FeedKind.PUBLISHED_INDEX: as_csv([index]),
        FeedKind.CKAN: as_ckan([datasets()[0] | {"description": words, "publisher": words, "license": words}]),
        FeedKind.CHECK_LOG: as_csv([checks()[0], checks()[1] | {"status": words}]),
    }
    messages = {kind.value: installation.batch(installation.bring(feed_of(installation, kind), data))["message"] for kind, data in files.items()}
    assert messages == dict.fromkeys(messages, None)


# Profiles.


def test_a_promoted_batch_leaves_a_profile_of_its_columns(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    rows = changed(check_log(0, rows=8), latency_ms=["100", "200", "300", "400", "", "", "", ""], http_code=["200"] * 6 + ["503"] * 2)
    brought = installation.bring(feed_of(installation, FeedKind.CHECK_LOG), as_csv(rows))
    stored = installation.query(
        "select column_name, rows, nulls, null_share, distinct_values, min_value, max_value, mean, deviation, top_values, feed_id "
        "from quality.column_profile where batch_id = $1 and origin = 'staged'",
        brought.batch_id,
    )
    profile = {row[0]: row[1:] for row in stored}
    assert set(profile) == set(brought.suite.columns) - {"source_row"}
    assert len(stored) == len(profile)
    assert {row[0] for row in profile.values()} == {8}
    assert {row[-1] for row in profile.values()} == {brought.feed.id}

    rows_, nulls, null_share, distinct, smallest, largest, mean, deviation, top_values, _ = profile["latency_ms"]
    assert (rows_, nulls, null_share, distinct, float(smallest), float(largest), mean) == (8, 4, 0.5, 4, 100, 400, 250)
    assert deviation == pytest.approx(129.0994449)
    assert top_values is None, "measured numbers rarely repeat: their values are not counted"
    assert profile["http_code"][1:6] == (0, 0, 2, "200", "503")
    assert json.loads(profile["http_code"][8]) == {"200": 6, "503": 2}
    assert profile["status"][1:8] == (0, 0, 1, "up", "up", None, None)
    assert json.loads(profile["status"][8]) == {"up": 8}
    assert profile["checked_at"][4].startswith("2026-09-01 04:00:00")

    source = installation.query("select column_name from quality.column_profile where batch_id = $1 and origin = 'source'", brought.batch_id)
    assert sorted(source) == sorted((name,) for name in rows[0])


def test_a_rejected_batch_leaves_no_profile(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    for data in (WITHOUT_ROWS[FeedKind.CHECK_LOG], b"\0\1\2"):
        brought = installation.bring(feed_of(installation, FeedKind.CHECK_LOG), data)
        assert installation.batch(brought)["status"] == "rejected"
    assert installation.query("select count(*) from quality.column_profile") == [(0,)]


def test_a_profile_does_not_repeat_what_people_wrote_in_words(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    brought = installation.bring(
        feed_of(installation, FeedKind.SUBMISSION), as_csv(changed(submission(0), submitted_by="Nama Buatan", explanation="Kata Buatan"))
    )
    profile = " ".join(str(row) for row in installation.query("select * from quality.column_profile where batch_id = $1", brought.batch_id))
    assert "'explanation'" in profile
    assert "Nama Buatan" not in profile
    assert "Kata Buatan" not in profile


# What is no drift.


def test_a_log_in_which_all_is_down_has_not_changed_its_types(history: Installation) -> None:
    brought = history.bring(feed_of(history, FeedKind.CHECK_LOG), as_csv(changed(check_log(EARLIER), status="down", latency_ms="30000")))
    assert findings(history, brought, "columns") == set()


def test_latencies_that_vary_as_they_always_do_are_not_flagged(tmp_path: Path) -> None:
    installation, drawn = Installation(tmp_path), random.Random(1)
    feed = feed_of(installation, FeedKind.CHECK_LOG)
    for number in range(4):
        latencies = [str(drawn.randint(80, 400)) for _ in range(ROWS)]
        brought = installation.bring(feed, as_csv(changed(check_log(number), latency_ms=latencies)))
    assert findings(installation, brought, "content") == set()


def test_one_other_code_among_forty_is_not_flagged(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    feed = feed_of(installation, FeedKind.CHECK_LOG)
    for number in range(4):
        codes = ["301" if number == 3 and place == 1 else "200" for place in range(ROWS)]
        brought = installation.bring(feed, as_csv(changed(check_log(number), http_code=codes)))
    assert findings(installation, brought, "content") == set()
