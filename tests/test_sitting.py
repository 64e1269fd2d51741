"""Many small files at one sitting: each comes out as it would have alone, whatever they say of each other. All data here are made up and labelled so:
government 99 does not exist."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.submissions import submission
from assets.submissions.override import Override, to_bytes
from expectations import gate, intake
from expectations.intake import Arrival, Reader, take_in
from tests.test_suites import INVENTED, as_csv
from warehouse import reference
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.registry import Feed, FeedKind

RECEIVED = datetime(2026, 9, 2, tzinfo=UTC)
INBOX = Feed("inbox", FeedKind.SUBMISSION, INVENTED, path=Path("none"), is_inbox=True)
TOGETHER = submission.reader(INBOX)
ALONE = replace(TOGETHER, many=None)


def answer(agency: str, indicator: str, **differs: str) -> dict[str, str]:
    made = {
        "government_code": "99",
        "agency_code": agency,
        "period": "2025-Q4",
        "instrument_id": "SPBE2020",
        "indicator_id": indicator,
        "stage": "self",
        "value": "3",
        "explanation": f"data buatan {indicator}",
        "evidence_file": f"buatan-{indicator}.pdf",
        "evidence_date": "2025-06-30",
    }
    return made | differs


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        empty = Warehouse(Path(folder) / "warehouse.duckdb")
        with empty.open_for_writing() as connection:
            reference.load(connection, (INVENTED,))
            for code in ("A1", "A2", "A3"):
                connection.execute(
                    "insert into ref.agency by name select '99' as government_code, $1 as code, $2 as name, [] as aliases", [code, f"Dinas {code}"]
                )
        return empty.path.read_bytes()


class Home:
    def __init__(self, root: Path) -> None:
        self.warehouse, self.archive = Warehouse(root / "warehouse.duckdb"), Archive(root / "archive")
        root.mkdir(exist_ok=True)
        self.warehouse.path.write_bytes(_empty())
        self.now = RECEIVED

    def take_in(self, reader: Reader, files: Sequence[bytes]) -> list[str]:
        """At one time, as files in an inbox; returns what was reported."""
        said: list[str] = []
        for number, data in enumerate(files):
            self.archive.store(INBOX.id, f"buatan_{number}.csv", data, self.now + timedelta(seconds=number))
        self.now += timedelta(days=1)
        outcome = take_in(
            self.warehouse, self.archive, INBOX, reader, Arrival(self.archive.artifacts(INBOX.id)), f"run {self.now:%d}", lambda: self.now, said.append
        )
        assert outcome.status != "failed"
        return said

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        with self.warehouse.open_for_reading() as connection:
            tables = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('core', 'meta', 'quality')"
            ).fetchall()
            return {table: sorted(connection.table(table).fetchall(), key=repr) for (table,) in tables}


def same_both_ways(root: Path, *runs: Sequence[bytes]) -> Home:
    alone, together = Home(root / "alone"), Home(root / "together")
    for files in runs:
        alone.take_in(ALONE, files)
        together.take_in(TOGETHER, files)
    assert together.everything() == alone.everything()
    return together


rows = st.builds(
    lambda agency, indicator, differs: answer(agency, indicator, **differs),
    st.sampled_from(["A1", "A1", "A2", "A3", "Dinas A2", "tidak ada", ""]),
    st.sampled_from(["1", "2", "3", "99"]),
    st.fixed_dictionaries(
        {},
        optional={
            "government_code": st.sampled_from(["99", "98"]),
            "period": st.sampled_from(["2025-Q4", "2025-Q3", "TW3 2025", "kapan"]),
            "value": st.sampled_from(["1", "Level 2", "9", ""]),
            "stage": st.sampled_from(["self", "final", "entah"]),
            "evidence_file": st.sampled_from(["bersama.pdf", ""]),
            "act": st.sampled_from(["", "tarik", "override"]),
            "submitted_by": st.sampled_from(["Ani", ""]),
        },
    ),
)
files = st.lists(
    st.one_of(
        st.lists(rows, min_size=1, max_size=5).map(as_csv),
        st.just(as_csv([answer("A1", "1")])[:40]),
        st.binary(max_size=20),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=st.lists(files, min_size=1, max_size=2))
def test_files_come_out_at_one_sitting_as_they_would_alone(tmp_path_factory: pytest.TempPathFactory, runs: list[list[bytes]]) -> None:
    same_both_ways(tmp_path_factory.mktemp("both"), *runs)


def test_files_of_different_owners_are_judged_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    monkeypatch.setattr(gate, "judge_each", lambda connection, suite, files, judge=gate.judge_each: judged.append(files) or judge(connection, suite, files))
    home = Home(tmp_path)
    *_, said = home.take_in(TOGETHER, [as_csv([answer(agency, "1")]) for agency in ("A1", "A2", "A3")])
    assert judged == [3]
    assert "and 2 more: read 3, rejected 0" in said


def test_files_of_one_owner_follow_each_other(tmp_path: Path) -> None:
    home = same_both_ways(tmp_path, [as_csv([answer("A1", "1", value=value)]) for value in ("1", "2", "3")] + [as_csv([answer("A2", "1")])])
    assert [row[-1] for row in home.everything()["meta.batch"]] == [None] * 4
    with home.warehouse.open_for_reading() as connection:
        assert connection.execute("select value from core.assessment order by agency_code, received_at").fetchall() == [(1,), (2,), (3,), (3,)]


def test_rows_set_aside_keep_the_place_they_have_in_their_own_file(tmp_path: Path) -> None:
    twice = [as_csv([answer(agency, "1"), answer(agency, "2"), answer(agency, "2", value="9")]) for agency in ("A1", "A2", "A3")]
    home = same_both_ways(tmp_path, twice)
    with home.warehouse.open_for_reading() as connection:
        found = connection.execute(
            "select split_part(row_key, ':', 2), row->>'source_row', reason from quality.failed_row where rule_id = 'submission.key_unique' order by 1, 2"
        ).fetchall()
    assert [(place, written) for place, written, _ in found] == [("3", "3")] * 3 + [("4", "4")] * 3
    assert all(reason.endswith("[baris lain: 4]") for _, _, reason in found[:3])


def test_a_correction_of_several_agencies_resolves_each_row_by_its_own_batch(tmp_path: Path) -> None:
    wrong = [as_csv([answer(agency, "1", value="9")]) for agency in ("A1", "A2", "A3")]
    right = [as_csv([answer(agency, "1", value="4")]) for agency in ("A1", "A2", "A3")]
    home = same_both_ways(tmp_path, wrong, right)
    with home.warehouse.open_for_reading() as connection:
        resolved = connection.execute(
            """
            select failed_row.business_key, batch.source_name, assessment.agency_code
            from quality.failed_row as failed_row
            inner join meta.batch as batch on batch.batch_id = failed_row.resolved_by_batch
            inner join core.assessment as assessment on assessment.batch_id = batch.batch_id
            """
        ).fetchall()
    assert len(resolved) == 3
    assert all(f"99 | {agency} | " in key for key, _, agency in resolved)


def test_an_override_sits_with_the_others(tmp_path: Path) -> None:
    key = {"government_code": "99", "agency_code": "A1", "period": "2025-Q4", "instrument_id": "SPBE2020", "indicator_id": "1", "stage": "self"}
    override = to_bytes(Override(**key, value="2", value_before="3", reason="data buatan", document=None, by="Ani", at=RECEIVED))
    same_both_ways(tmp_path, [as_csv([answer("A1", "1")])], [override, as_csv([answer("A2", "1")])])


def test_a_large_file_waits_for_those_before_it_and_those_after_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "FEW_ROWS", 3)
    large = [answer("A1", str(indicator), value="2") for indicator in range(1, 5)]
    home = same_both_ways(tmp_path, [as_csv([answer("A1", "1", value="1")]), as_csv(large), as_csv([answer("A1", "1", value="4")])])
    with home.warehouse.open_for_reading() as connection:
        assert connection.execute("select value from core.assessment where indicator_id = '1' order by received_at").fetchall() == [(1,), (2,), (4,)]


def test_a_sitting_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "SITTING_ROWS", 2)
    same_both_ways(tmp_path, [as_csv([answer(agency, "1")]) for agency in ("A1", "A2", "A3")])
