"""Every rule of every suite, proved on files with a known number of bad rows: what is counted, what is set aside, what is kept, what comes right.
All data here are made up and labelled so: government 99 does not exist. The gate's own workings are not tested here."""

import csv
import io
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from expectations import catalogue, gate
from expectations.catalogue import RuleError
from expectations.intake import Arrival, FeedOutcome, Reader, take_in
from expectations.rules import Between, Constraint, Fresh, HasRows, Holds, InSet, NotNull, Owners, Rule, Suite, Unique
from pipelines import settings
from pipelines.readers import reader_of
from tests.conftest import ROOT
from warehouse import reference
from warehouse.archive import Archive
from warehouse.database import Warehouse
from warehouse.home import Home
from warehouse.lake import Lake
from warehouse.registry import Feed, FeedKind, Government

INVENTED = Government("99", "Pemerintah contoh (data buatan)", "Asia/Makassar")
NEIGHBOUR = Government("98", "Pemerintah contoh lain (data buatan)", "Asia/Jakarta")
START = datetime(2026, 9, 2, tzinfo=UTC)
MAX_HOLD_S = 26 * 3600
KEPT_S = 100 * 86400
MADE_UP = "data buatan"

Row = dict[str, str]
ROW_TABLES = {
    FeedKind.SUBMISSION: "core.assessment",
    FeedKind.PUBLISHED_INDEX: "core.published_index",
    FeedKind.CKAN: "open_data.dataset",
    FeedKind.DATA_JSON: "open_data.dataset",
}


@dataclass(frozen=True)
class Brought:
    """What became of one file."""

    feed: Feed
    suite: Suite
    batch_id: str
    sha256: str
    received_at: datetime
    outcome: FeedOutcome


class Installation:
    """A warehouse, an archive and a lake of their own; every file comes a second after the one before."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.warehouse, self.archive, self.lake = Warehouse(root / "warehouse.duckdb"), Archive(root / "archive"), Lake(root / "lake")
        self.now = START
        if not self.warehouse.path.exists():
            with self.warehouse.open_for_writing() as connection:
                reference.load(connection, (INVENTED,))

    def feed(self, feed_id: str, kind: FeedKind, government: Government = INVENTED, max_hold_s: int = MAX_HOLD_S) -> Feed:
        path = self.root / "none"
        if kind is FeedKind.CHECK_LOG:
            own = {"hosts": (".go.id",), "max_hold_s": max_hold_s, "keep_checks_s": KEPT_S}
            return Feed(feed_id, kind, government, path=path, declared="sources.toml:1: feed.path", **own)
        return Feed(feed_id, kind, government, path=path, declared="sources.toml:1: feed.path")

    def bring(self, feed: Feed, data: bytes, name: str | None = None, reader: Reader | None = None) -> Brought:
        """The file's way through the product: archived, parsed, staged, judged, promoted."""
        self.now += timedelta(seconds=1)
        used = reader_of(feed, self.lake) if reader is None else reader
        artifact = self.archive.store(feed.id, name or f"buatan_{self.now:%H%M%S}", data, self.now)
        outcome = take_in(self.warehouse, self.archive, feed, used, Arrival([artifact]), f"run {self.now:%H%M%S}", lambda: self.now, lambda _: None)
        return Brought(feed, used.suite, used.batch_id(artifact), artifact.sha256, artifact.received_at, outcome)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.warehouse.open_for_reading() as connection:
            return connection.execute(sql, list(parameters)).fetchall()

    def statuses(self, brought: Brought) -> dict[str, str]:
        return dict(self.query("select rule_id, status from quality.expectation_result where batch_id = $1", brought.batch_id))

    def observed(self, brought: Brought, rule_id: str) -> str | None:
        found = self.query("select observed_value from quality.expectation_result where batch_id = $1 and rule_id = $2", brought.batch_id, rule_id)
        assert len(found) == 1
        value: str | None = found[0][0]
        return value

    def batch(self, brought: Brought) -> dict[str, Any]:
        found = self.query("select status, read, added, updated, unchanged, rejected, message from meta.batch where batch_id = $1", brought.batch_id)
        assert len(found) == 1
        return dict(zip(("status", "read", "added", "updated", "unchanged", "rejected", "message"), found[0], strict=True))

    def failed(self, brought: Brought) -> dict[str, set[int]]:
        """Failed rows by rule, as the source rows their keys name; every key is the file's."""
        found: dict[str, set[int]] = {}
        for rule_id, row_key in self.query("select rule_id, row_key from quality.failed_row where batch_id = $1", brought.batch_id):
            sha256, source_row = row_key.split(":")
            assert sha256 == brought.sha256
            assert int(source_row) not in found.setdefault(rule_id, set()), "a failed row stands twice"
            found[rule_id].add(int(source_row))
        return found

    def kept(self, brought: Brought) -> set[int]:
        """Source rows of the file that are in the core or the lake."""
        if brought.feed.kind is FeedKind.CHECK_LOG:
            with self.warehouse.open_for_reading() as connection:
                listed = self.lake.files(connection, brought.feed.id)
                if not listed:
                    return set()
                rows = connection.execute("select source_row from read_parquet($1) where artifact_sha256 = $2", [listed, brought.sha256]).fetchall()
        else:
            rows = self.query(
                f"select source_row from {ROW_TABLES[brought.feed.kind]} where feed_id = $1 and artifact_sha256 = $2", brought.feed.id, brought.sha256
            )
        return {row[0] for row in rows}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with reference data and nothing else."""
    return Installation(tmp_path_factory.mktemp("prepared") / "home").root


@pytest.fixture
def installation(prepared: Path, tmp_path: Path) -> Installation:
    """Each test has its own: what one file says of a key decides what the next one adds."""
    shutil.copytree(prepared, tmp_path / "home")
    return Installation(tmp_path / "home")


def as_csv(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def submissions() -> list[Row]:
    return [
        {
            "government_code": "99",
            "agency_code": "",
            "period": "2025-Q4",
            "instrument_id": "SPBE2020",
            "indicator_id": str(number),
            "stage": "self",
            "value": "3",
            "explanation": f"{MADE_UP} {number}",
            "evidence_file": f"bukti-{number}.pdf",
            "evidence_date": "2025-12-31",
            "submitted_by": MADE_UP,
            "submitted_at": "2026-01-02T08:00:00+08:00",
        }
        for number in range(1, 9)
    ]


def published_indices() -> list[Row]:
    numbers = [
        ("2023-Q4", "-"),
        ("2023-Q4", "D1"),
        ("2023-Q4", "D2"),
        ("2023-Q4", "D3"),
        ("2023-Q4", "D4"),
        ("2022-Q4", "A1"),
        ("2022-Q4", "A2"),
        ("2022-Q4", "A3"),
    ]
    return [
        {"government_code": "99", "period": period, "instrument_id": "SPBE2020", "component_id": component, "value": "3.00", "source": MADE_UP}
        for period, component in numbers
    ]


def checks() -> list[Row]:
    return [
        {
            "service": f"buatan-{number}",
            "url": f"https://buatan-{number}.contoh.go.id/",
            "checked_at": f"2026-09-01T0{number}:00:00Z",
            "status": "up",
            "latency_ms": "120",
            "http_code": "200",
            "vantage": "dalam",
            "certificate_expires_at": "2027-02-01T00:00:00Z",
        }
        for number in range(1, 9)
    ]


def datasets() -> list[Row]:
    return [
        {
            "dataset_id": f"buatan-{number}",
            "title": f"Dataset buatan {number}",
            "description": MADE_UP,
            "publisher": "Dinas contoh",
            "license": "cc-by",
            "contact": "contoh@contoh.go.id",
            "modified": "2026-08-01T00:00:00",
            "distributions": "1",
        }
        for number in range(1, 9)
    ]


def as_ckan(rows: Sequence[Row]) -> bytes:
    found = [
        {
            "id": row["dataset_id"],
            "title": row["title"],
            "notes": row["description"],
            "organization": {"title": row["publisher"]},
            "license_id": row["license"],
            "maintainer_email": row["contact"],
            "metadata_modified": row["modified"],
            "resources": [{}] * int(row["distributions"]),
        }
        for row in rows
    ]
    return json.dumps({"success": True, "result": {"count": len(found), "results": found}}).encode()


def as_data_json(rows: Sequence[Row]) -> bytes:
    found = [
        {
            "identifier": row["dataset_id"],
            "title": row["title"],
            "description": row["description"],
            "publisher": {"name": row["publisher"]},
            "license": row["license"],
            "contactPoint": {"fn": row["contact"]},
            "modified": row["modified"],
            "distribution": [{}] * int(row["distributions"]),
        }
        for row in rows
    ]
    return json.dumps({"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": found}).encode()


SOUND: dict[FeedKind, tuple[Callable[[], list[Row]], Callable[[Sequence[Row]], bytes], int]] = {
    FeedKind.SUBMISSION: (submissions, as_csv, 2),
    FeedKind.PUBLISHED_INDEX: (published_indices, as_csv, 2),
    FeedKind.CHECK_LOG: (checks, as_csv, 2),
    FeedKind.CKAN: (datasets, as_ckan, 1),
    FeedKind.DATA_JSON: (datasets, as_data_json, 1),
}
WITHOUT_ROWS = {
    FeedKind.SUBMISSION: as_csv(submissions()).split(b"\n")[0] + b"\n",
    FeedKind.PUBLISHED_INDEX: as_csv(published_indices()).split(b"\n")[0] + b"\n",
    FeedKind.CHECK_LOG: as_csv(checks()).split(b"\n")[0] + b"\n",
    FeedKind.CKAN: as_ckan([]),
    FeedKind.DATA_JSON: as_data_json([]),
}


@dataclass(frozen=True)
class Planted:
    """Bad rows for one rule. `changes`: what is different, by place of the row (from 0). `says`: what the reason adds to the rule's sentence, by place;
    its places are the rows that break the rule. `also`: other rules the same rows break. `merged`: good rows that give way to a later one."""

    rule_id: str
    changes: Mapping[int, Row]
    says: Mapping[int, str]
    also: Mapping[str, set[int]] = field(default_factory=dict)
    merged: frozenset[int] = frozenset()


NO_AGENCIES = f"belum ada SKPD terdaftar untuk {INVENTED.name}"
PLANTED_SUBMISSIONS = [
    Planted(
        "submission.government_known",
        {1: {"government_code": "9"}, 4: {"government_code": ""}},
        {1: " [government_code = 9]", 4: " [government_code = kosong]"},
    ),
    Planted(
        "submission.agency_known",
        {1: {"agency_code": "777"}, 4: {"agency_code": "Dinas Contoh"}},
        {
            1: f" [government_code = 99] [agency_code = 777] [agency_candidates = {NO_AGENCIES}]",
            4: f" [government_code = 99] [agency_code = Dinas Contoh] [agency_candidates = {NO_AGENCIES}]",
        },
    ),
    Planted(
        "submission.period_plausible",
        {
            0: {"period": "2026-q3", "instrument_id": "PEMDI2026"},
            1: {"period": "Triwulan 4"},
            2: {"period": "2018-Q1", "instrument_id": "SPBE2018"},
            4: {"period": "2026-Q4", "instrument_id": "PEMDI2026"},
            5: {"period": ""},
            6: {"period": "2017-Q4", "instrument_id": "SPBE2018"},
        },
        {1: " [period = Triwulan 4]", 4: " [period = 2026-Q4]", 5: " [period = kosong]", 6: " [period = 2017-Q4]"},
        also={"submission.instrument_in_force": {6}, "submission.evidence_timely": {0, 4}},
    ),
    Planted(
        "submission.instrument_in_force",
        {1: {"instrument_id": "SPBE2018"}, 2: {"instrument_id": "SPBE1999"}, 4: {"instrument_id": "PEMDI2026"}, 5: {"instrument_id": "spbe2020"}},
        {
            1: " [instrument_id = SPBE2018] [period = 2025-Q4]",
            2: " [instrument_id = SPBE1999] [period = 2025-Q4]",
            4: " [instrument_id = PEMDI2026] [period = 2025-Q4]",
        },
    ),
    Planted(
        "submission.indicator_known",
        {1: {"indicator_id": "48"}, 4: {"indicator_id": "D1"}},
        {1: " [instrument_id = SPBE2020] [indicator_id = 48]", 4: " [instrument_id = SPBE2020] [indicator_id = D1]"},
    ),
    Planted(
        "submission.act_sound",
        {0: {"act": ""}, 1: {"act": "withdrawal"}, 4: {"act": "override", "explanation": "SK"}, 5: {"act": "hapus"}},
        {1: " [act = withdrawal]", 4: " [act = override]", 5: " [act = hapus]"},
    ),
    Planted(
        "submission.stage_allowed",
        {0: {"stage": "Mandiri"}, 1: {"stage": "draf"}, 2: {"stage": "FINAL"}, 4: {"stage": "  "}},
        {1: " [stage = draf]", 4: " [stage = kosong]"},
    ),
    Planted(
        "submission.value_in_scale",
        {
            0: {"value": "6"},
            1: {"value": "2,5"},
            2: {"value": "0"},
            3: {"value": "1"},
            4: {"value": "tiga"},
            5: {"value": ""},
            6: {"value": "3.004"},
            7: {"value": "5"},
        },
        {place: f" [instrument_id = SPBE2020] [value_text = {text}]" for place, text in {0: "6", 1: "2,5", 2: "0", 4: "tiga", 5: "kosong", 6: "3.004"}.items()},
    ),
    Planted(
        "submission.cells_under_headings",
        {1: {"": "75"}, 2: {"": ""}, 4: {"explanation": "75"}, 5: {"explanation": "75 persen"}},
        {1: " [surplus = 75]", 4: " [surplus = 3,75]"},
    ),
    Planted(
        "submission.key_unique",
        {4: {"indicator_id": "2", "value": "4"}, 6: {"indicator_id": "4"}, 7: {"indicator_id": "4", "value": "5"}},
        {
            1: " [indicator_id = 2] [value_text = 3] [baris lain: 6]",
            4: " [indicator_id = 2] [value_text = 4] [baris lain: 3]",
            3: " [indicator_id = 4] [value_text = 3] [baris lain: 8, 9]",
            6: " [indicator_id = 4] [value_text = 3] [baris lain: 5, 9]",
            7: " [indicator_id = 4] [value_text = 5] [baris lain: 5, 8]",
        },
    ),
    Planted(
        "submission.dates_readable",
        {0: {"evidence_date": "31/12/2025"}, 1: {"evidence_date": "kapan-kapan"}, 2: {"evidence_date": "", "submitted_at": ""}, 4: {"submitted_at": "besok"}},
        {
            1: " [evidence_date_text = kapan-kapan] [submitted_at_text = 2026-01-02T08:00:00+08:00]",
            4: " [evidence_date_text = 2025-12-31] [submitted_at_text = besok]",
        },
        also={"submission.nothing_guessed": {0}},
    ),
    Planted(
        "submission.evidence_named",
        {
            0: {"evidence_file": "", "value": "1"},
            1: {"evidence_file": ""},
            2: {"evidence_file": "", "stage": "final"},
            4: {"evidence_file": "", "value": "5"},
        },
        {1: " [indicator_id = 2] [value_text = 3]", 4: " [indicator_id = 5] [value_text = 5]"},
    ),
]
PLANTED_SUBMISSIONS += [
    Planted(
        "submission.nothing_guessed",
        {1: {"value": "Level 3", "period": "Triwulan IV 2025"}, 4: {"indicator_id": "5.0"}},
        {
            1: ' [guesses = periode "Triwulan IV 2025" dibaca 2025-Q4; nilai "Level 3" dibaca 3]',
            4: ' [guesses = indikator "5.0" dibaca 5]',
        },
    ),
    Planted(
        "submission.evidence_timely",
        {0: {"evidence_date": "2021-01-01"}, 1: {"evidence_date": "2020-12-31"}, 2: {"evidence_date": "2026-09-02"}, 4: {"evidence_date": "2026-09-03"}},
        {
            1: " [evidence_date = 2020-12-31] [evidence_from = 2021-01-01] [received_on = 2026-09-02]",
            4: " [evidence_date = 2026-09-03] [evidence_from = 2021-01-01] [received_on = 2026-09-02]",
        },
    ),
    Planted(
        "submission.evidence_own",
        {0: {"evidence_file": "SK.pdf; perda.pdf"}, 1: {"evidence_file": "L2: sk.PDF"}, 4: {"evidence_file": "lain.pdf;SK.pdf "}},
        {
            0: " [evidence_file = SK.pdf; perda.pdf] [evidence_users = 3]",
            1: " [evidence_file = L2: sk.PDF] [evidence_users = 3]",
            4: " [evidence_file = lain.pdf;SK.pdf] [evidence_users = 3]",
        },
    ),
]
PLANTED_INDICES = [
    Planted(
        "published_index.government_known",
        {5: {"government_code": "98"}, 7: {"government_code": ""}},
        {5: " [government_code = 98]", 7: " [government_code = kosong]"},
    ),
    Planted(
        "published_index.period_plausible",
        {4: {"period": "2017-Q4"}, 5: {"period": "2026-Q4"}, 6: {"period": "2026-Q3"}, 7: {"period": "tahun 2022"}},
        {4: " [period = 2017-Q4]", 5: " [period = 2026-Q4]", 7: " [period = TAHUN 2022]"},
    ),
    Planted(
        "published_index.component_known",
        {5: {"component_id": "A99"}, 6: {"component_id": "1"}, 7: {"instrument_id": "SPBE1999"}},
        {
            5: " [instrument_id = SPBE2020] [component_id = A99]",
            6: " [instrument_id = SPBE2020] [component_id = 1]",
            7: " [instrument_id = SPBE1999] [component_id = A3]",
        },
    ),
    Planted(
        "published_index.value_in_scale",
        {3: {"value": "3,00"}, 5: {"value": "5.01"}, 6: {"value": "2,555"}, 7: {"value": ""}},
        {5: " [value_text = 5.01]", 6: " [value_text = 2,555]", 7: " [value_text = kosong]"},
    ),
    Planted("published_index.source_named", {5: {"source": ""}, 7: {"source": " "}}, {5: "", 7: ""}),
    Planted(
        "published_index.key_unique",
        {7: {"component_id": "A1", "value": "2.50"}},
        {5: " [component_id = A1] [value_text = 3.00] [baris lain: 9]", 7: " [component_id = A1] [value_text = 2.50] [baris lain: 7]"},
    ),
    Planted(
        "published_index.total_follows_from_domains",
        {0: {"value": "3.01"}, 5: {"component_id": "-", "value": "2.22"}},
        {0: " [value_text = 3.01] [value_from_domains = 3.00]"},
    ),
]
PLANTED_CHECKS = [
    Planted("check.service_named", {1: {"service": ""}, 4: {"service": ""}}, {1: "", 4: ""}),
    Planted(
        "check.time_readable",
        {1: {"checked_at": "kemarin"}, 2: {"checked_at": "Tue Sep 01 2026 03:30:00 GMT+0700 (WIB)"}, 4: {"checked_at": ""}},
        {1: " [checked_at_text = kemarin]", 4: " [checked_at_text = kosong]"},
    ),
    Planted(
        "check.not_in_the_future",
        {1: {"checked_at": "2099-01-01T00:00:00Z"}, 2: {"checked_at": "2026-09-02T00:04:59Z"}, 4: {"checked_at": "2026-09-03T00:00:00Z"}},
        {1: " [checked_at_text = 2099-01-01T00:00:00Z]", 4: " [checked_at_text = 2026-09-03T00:00:00Z]"},
    ),
    Planted(
        "check.still_kept",
        {1: {"checked_at": "2026-05-25T00:00:01Z"}, 2: {"checked_at": "2026-05-24T23:59:59Z"}, 4: {"checked_at": "2019-01-01T00:00:00Z"}},
        {2: " [checked_at_text = 2026-05-24T23:59:59Z]", 4: " [checked_at_text = 2019-01-01T00:00:00Z]"},
    ),
    Planted(
        "check.status_known",
        {0: {"status": "degraded"}, 1: {"status": "gangguan"}, 2: {"status": "UP"}, 4: {"status": "200 OK"}},
        {1: " [status_text = gangguan]", 4: " [status_text = 200 OK]"},
    ),
    Planted("check.status_named", {1: {"status": ""}, 4: {"status": ""}}, {1: "", 4: ""}),
    Planted(
        "check.host_of_government",
        {1: {"url": "https://www.google.com/"}, 2: {"url": ""}, 4: {"url": "https://dinas.go.id.contoh.com/"}},
        {1: " [service = buatan-2] [host = www.google.com]", 4: " [service = buatan-5] [host = dinas.go.id.contoh.com]"},
    ),
    Planted(
        "check.latency_plausible",
        {0: {"latency_ms": "0"}, 1: {"latency_ms": "-5"}, 2: {"latency_ms": "600000"}, 4: {"latency_ms": "600001"}, 5: {"latency_ms": ""}},
        {1: " [latency_ms_text = -5]", 4: " [latency_ms_text = 600001]"},
    ),
    Planted(
        "check.certificate_plausible",
        {
            0: {"certificate_expires_at": "1801440000"},
            1: {"certificate_expires_at": "besok"},
            2: {"certificate_expires_at": "0"},
            4: {"certificate_expires_at": "1801440000000"},
            5: {"certificate_expires_at": ""},
        },
        {1: " [certificate_expires_at_text = besok]", 4: " [certificate_expires_at_text = 1801440000000]"},
    ),
    Planted(
        "check.time_unique",
        {
            2: {"service": "buatan-2", "checked_at": "2026-09-01T02:00:00Z", "vantage": "luar"},
            4: {"service": "buatan-2", "checked_at": "2026-09-01T09:00:00+07:00", "status": "down"},
        },
        {
            1: " [service = buatan-2] [checked_at_text = 2026-09-01T02:00:00Z] [baris lain: 6]",
            4: " [service = buatan-2] [checked_at_text = 2026-09-01T09:00:00+07:00] [baris lain: 3]",
        },
        merged=frozenset({1}),
    ),
]
PLANTED_DATASETS = [
    Planted(
        "dataset.identified",
        {1: {"dataset_id": ""}, 4: {"dataset_id": " "}},
        {1: " [title = Dataset buatan 2]", 4: " [title = Dataset buatan 5]"},
    ),
    Planted(
        "dataset.identifier_unique",
        {4: {"dataset_id": "buatan-2"}},
        {
            1: " [dataset_id = buatan-2] [title = Dataset buatan 2] [baris lain: 5]",
            4: " [dataset_id = buatan-2] [title = Dataset buatan 5] [baris lain: 2]",
        },
    ),
    Planted("dataset.titled", {1: {"title": ""}, 4: {"title": " "}}, {1: " [dataset_id = buatan-2]", 4: " [dataset_id = buatan-5]"}),
    Planted("dataset.described", {1: {"description": ""}, 4: {"description": " "}}, {1: " [dataset_id = buatan-2]", 4: " [dataset_id = buatan-5]"}),
    Planted("dataset.publisher_named", {1: {"publisher": ""}, 4: {"publisher": " "}}, {1: " [dataset_id = buatan-2]", 4: " [dataset_id = buatan-5]"}),
    Planted("dataset.licensed", {1: {"license": ""}, 4: {"license": " "}}, {1: " [dataset_id = buatan-2]", 4: " [dataset_id = buatan-5]"}),
    Planted("dataset.contact_named", {1: {"contact": ""}, 4: {"contact": " "}}, {1: " [dataset_id = buatan-2]", 4: " [dataset_id = buatan-5]"}),
    Planted(
        "dataset.change_dated",
        {0: {"modified": "R/P1W"}, 1: {"modified": "2026-13-45"}, 2: {"modified": ""}, 4: {"modified": "tiap bulan"}},
        {1: " [modified = 2026-13-45]", 4: " [modified = tiap bulan]"},
    ),
    Planted(
        "dataset.offers_something",
        {1: {"distributions": "0"}, 4: {"distributions": "0"}},
        {1: " [dataset_id = buatan-2]", 4: " [dataset_id = buatan-5]"},
    ),
]
PLANTED = {
    FeedKind.SUBMISSION: PLANTED_SUBMISSIONS,
    FeedKind.PUBLISHED_INDEX: PLANTED_INDICES,
    FeedKind.CHECK_LOG: PLANTED_CHECKS,
    FeedKind.CKAN: PLANTED_DATASETS,
    FeedKind.DATA_JSON: PLANTED_DATASETS,
}
ALL_PLANTED = [pytest.param(kind, planted, id=f"{kind.value}-{planted.rule_id}") for kind, planteds in PLANTED.items() for planted in planteds]
AS_CHECK_LOGS = (FeedKind.PROMETHEUS, FeedKind.UPTIME_KUMA)  # judged by the suite of check logs: test_prometheus, test_uptime_kuma
KINDS = [pytest.param(kind, id=kind.value) for kind in FeedKind if kind not in AS_CHECK_LOGS]
SUITES = [pytest.param(suite, id=suite.name) for suite in catalogue.suites()]


def suite_of(kind: FeedKind) -> Suite:
    name = {FeedKind.CHECK_LOG: "check", FeedKind.CKAN: "dataset", FeedKind.DATA_JSON: "dataset"}.get(kind, kind.value)
    return next(suite for suite in catalogue.suites() if suite.name == name)


def source_rows(places: Iterator[int] | Sequence[int] | set[int] | frozenset[int], kind: FeedKind) -> set[int]:
    first = SOUND[kind][2]
    return {place + first for place in places}


def with_bad_rows(kind: FeedKind, changes: Mapping[int, Row]) -> bytes:
    made, written, _ = SOUND[kind]
    return written([row | changes.get(place, {}) for place, row in enumerate(made())])


# The suites themselves.


def test_no_two_rules_share_an_id() -> None:
    counted = Counter(rule.rule_id for suite in catalogue.suites() for rule in suite.rules)
    assert [rule_id for rule_id, times in counted.items() if times > 1] == []
    assert sum(counted.values()) > 50


@pytest.mark.parametrize("suite", SUITES)
def test_every_rule_says_what_it_is_about_how_grave_it_is_who_answers_for_it_and_what_must_hold_in_both_languages(suite: Suite) -> None:
    assert suite.rules
    for rule in suite.rules:
        assert rule.rule_id.split(".")[0] == suite.name
        assert rule.dimension in {"accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness"}, rule.rule_id
        assert rule.severity in {"critical", "warning", "info"}, rule.rule_id
        assert rule.scope == ("row" if rule.constraint.breaks_rows else "batch"), rule.rule_id
        assert rule.owner.strip(), rule.rule_id
        assert rule.sentence_id.endswith("."), rule.rule_id
        assert rule.sentence_en.endswith("."), rule.rule_id
        assert rule.sentence_id != rule.sentence_en, rule.rule_id


@pytest.mark.parametrize("suite", SUITES)
def test_every_rule_can_be_asked_of_the_table_it_is_meant_for(suite: Suite) -> None:
    catalogue.validate(suite)


def rule_on(constraint: Constraint, shows: tuple[str, ...] = ()) -> Rule:
    scope = "row" if constraint.breaks_rows else "batch"
    return Rule("submission.invented", constraint, "conformity", "critical", scope, "Aturan contoh.", "An invented rule.", shows=shows)  # type: ignore[arg-type]


MISSPELT_RULES = {
    "a value is required": NotNull("goverment_code"),
    "values are listed": InSet("goverment_code", ("99",)),
    "values have bounds": Between("goverment_code", 0, 5),
    "a condition": Holds("goverment_code = '99'"),
    "when a condition applies": Holds("stage = 'self'", when="goverment_code is not null"),
    "the column a condition is about": Holds("stage = 'self'", column="goverment_code"),
    "one column must be unique": Unique(("goverment_code",)),
    "several columns must be unique": Unique(("period", "goverment_code")),
    "the newest value": Fresh("goverment_code", "received_on", 60),
    "what the newest value is compared with": Fresh("received_on", "goverment_code", 60),
}


@pytest.mark.parametrize("constraint", MISSPELT_RULES.values(), ids=MISSPELT_RULES.keys())
def test_a_rule_on_a_column_that_the_table_does_not_have_is_named_with_the_columns_there_are(constraint: Constraint) -> None:
    suite = suite_of(FeedKind.SUBMISSION)
    with pytest.raises(RuleError) as raised:
        catalogue.validate(replace(suite, rules=(*suite.rules, rule_on(constraint))))
    said = str(raised.value)
    assert "submission.invented" in said
    assert "goverment_code" in said
    assert "columns: " + ", ".join(suite.columns) in said


MISSPELT_SUITES: dict[str, Callable[[Suite], Suite]] = {
    "its business key": lambda suite: replace(suite, key=(*suite.key, "goverment_code")),
    "its owners": lambda suite: replace(suite, owners=Owners("goverment_code", "agency_code", "period")),
    "what it watches": lambda suite: replace(suite, watched=("goverment_code",)),
    "what its reasons show": lambda suite: replace(suite, rules=(*suite.rules, rule_on(NotNull("stage"), shows=("goverment_code",)))),
}


@pytest.mark.parametrize("broken", MISSPELT_SUITES.values(), ids=MISSPELT_SUITES.keys())
def test_a_suite_that_names_a_column_its_table_does_not_have_is_refused_with_the_columns_there_are(broken: Callable[[Suite], Suite]) -> None:
    suite = suite_of(FeedKind.SUBMISSION)
    with pytest.raises(RuleError) as raised:
        catalogue.validate(broken(suite))
    said = str(raised.value)
    assert "suite submission" in said
    assert "'goverment_code'" in said
    assert "columns: " + ", ".join(suite.columns) in said


def test_a_rule_that_cannot_be_asked_keeps_the_definitions_from_loading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KESIAPAN_HOME", str(tmp_path / "home"))
    from pipelines.definitions import build_definitions

    sources = ROOT / "samples" / "sources.toml"
    governments, feeds, _ = settings.read_sources(sources)
    loaded = settings.Settings(Home(tmp_path / "home"), sources, governments, feeds)
    suite = suite_of(FeedKind.SUBMISSION)
    monkeypatch.setattr(catalogue, "suites", lambda: (replace(suite, rules=(*suite.rules, rule_on(NotNull("goverment_code")))),))
    with pytest.raises(RuleError, match=r"submission\.invented.*goverment_code"):
        build_definitions(loaded)


@pytest.mark.parametrize("suite", SUITES)
def test_better_wording_does_not_judge_any_file_again(suite: Suite) -> None:
    reworded = tuple(replace(rule, sentence_id="Kalimat lain.", sentence_en="Another sentence.", shows=(), owner="Bappeda") for rule in suite.rules)
    assert replace(suite, rules=reworded).version == suite.version


CHANGES_OF_MEANING: dict[str, Callable[[Rule], Rule]] = {
    "its version": lambda rule: replace(rule, version=rule.version + 1),
    "its severity": lambda rule: replace(rule, severity="info"),
    "its scope": lambda rule: replace(rule, scope="batch" if rule.scope == "row" else "row"),
    "its constraint": lambda rule: replace(rule, constraint=HasRows(at_least=1_000)),
}


@pytest.mark.parametrize("change", CHANGES_OF_MEANING.values(), ids=CHANGES_OF_MEANING.keys())
@pytest.mark.parametrize("suite", SUITES)
def test_a_change_of_what_a_rule_means_judges_files_again(suite: Suite, change: Callable[[Rule], Rule]) -> None:
    assert replace(suite, rules=(change(suite.rules[0]), *suite.rules[1:])).version != suite.version
    assert replace(suite, rules=suite.rules[1:]).version != suite.version


# Rows.


def test_every_rule_about_rows_is_proved_in_this_file() -> None:
    for kind, planteds in PLANTED.items():
        proved = {planted.rule_id for planted in planteds} | ({"submission.nothing_copied", "submission.values_vary"} if kind is FeedKind.SUBMISSION else set())
        assert proved == {rule.rule_id for rule in suite_of(kind).rules if rule.scope == "row"}, kind


@pytest.mark.parametrize("kind", KINDS)
def test_a_sound_file_breaks_no_rule_and_all_its_rows_are_kept(installation: Installation, kind: FeedKind) -> None:
    brought = installation.bring(installation.feed(f"sound_{kind.value}", kind), with_bad_rows(kind, {}))
    statuses = installation.statuses(brought)
    assert set(statuses) == {rule.rule_id for rule in brought.suite.rules}
    assert set(statuses.values()) <= {"pass", "not_evaluated"}
    not_evaluated = {rule_id for rule_id, status in statuses.items() if status == "not_evaluated"}
    without_occasion = {"submission.act_sound", "submission.nothing_copied", "submission.values_vary"}
    assert not_evaluated == {rule_id for rule_id in statuses if rule_id.endswith("_steady")} | (without_occasion & set(statuses)), (
        "there is no earlier file to compare with, and nothing else is unjudged"
    )
    assert installation.failed(brought) == {}
    assert installation.kept(brought) == source_rows(range(8), kind)
    assert installation.batch(brought) == {"status": "promoted", "read": 8, "added": 8, "updated": 0, "unchanged": 0, "rejected": 0, "message": None}
    assert brought.outcome.status == "ok"


@pytest.mark.parametrize(("kind", "planted"), ALL_PLANTED)
def test_rows_that_break_a_rule_are_all_found_with_key_and_reason_and_set_aside_if_it_is_critical(
    installation: Installation, kind: FeedKind, planted: Planted
) -> None:
    feed = installation.feed(f"{kind.value}_{planted.rule_id.replace('.', '_')}", kind)
    brought = installation.bring(feed, with_bad_rows(kind, planted.changes))
    rule = next(rule for rule in brought.suite.rules if rule.rule_id == planted.rule_id)
    broken = {planted.rule_id: set(planted.says)} | dict(planted.also)
    expected = {rule_id: source_rows(places, kind) for rule_id, places in broken.items()}

    counted = installation.query(
        "select rule_id, unexpected_count, status, element_count, evaluated_count + missing_count from quality.expectation_result where batch_id = $1",
        brought.batch_id,
    )
    assert {rule_id: count for rule_id, count, *_ in counted if count} == {rule_id: len(rows) for rule_id, rows in expected.items()}
    assert {status for rule_id, _, status, _, _ in counted if rule_id == planted.rule_id} == {"fail" if rule.severity == "critical" else "warn"}
    assert {(elements, total) for *_, elements, total in counted} == {(8, 8)}

    assert installation.failed(brought) == expected
    first = SOUND[kind][2]
    stored = installation.query(
        "select business_key, row, reason, severity, feed_id from quality.failed_row where batch_id = $1 and rule_id = $2", brought.batch_id, planted.rule_id
    )
    reasons = {}
    for business_key, row, reason, severity, feed_id in stored:
        content = json.loads(row)
        reasons[content["source_row"]] = reason
        assert business_key == " | ".join(content[column] or gate.MISSING for column in brought.suite.key)
        assert (severity, feed_id) == (rule.severity, feed.id)
    assert reasons == {place + first: rule.sentence_id + said for place, said in planted.says.items()}

    severity_of = {rule.rule_id: rule.severity for rule in brought.suite.rules}
    set_aside = set().union(*(rows for rule_id, rows in expected.items() if severity_of[rule_id] == "critical"))
    assert installation.kept(brought) == source_rows(range(8), kind) - set_aside - source_rows(planted.merged, kind)
    batch = installation.batch(brought)
    assert (batch["status"], batch["read"], batch["rejected"]) == ("promoted", 8, len(set_aside))
    assert batch["read"] == batch["added"] + batch["updated"] + batch["unchanged"] + batch["rejected"]
    outcome = brought.outcome
    assert (outcome.read, outcome.rejected) == (8, len(set_aside))
    assert outcome.read == outcome.added + outcome.updated + outcome.unchanged + outcome.rejected


def test_a_row_that_breaks_several_critical_rules_is_counted_once_as_rejected(installation: Installation) -> None:
    kind = FeedKind.SUBMISSION
    changes = {1: {"government_code": "9", "stage": "draf", "value": "tiga"}, 4: {"value": "tiga", "evidence_file": "", "evidence_date": "besok"}}
    brought = installation.bring(installation.feed("several_rules", kind), with_bad_rows(kind, changes))
    assert installation.failed(brought) == {
        "submission.government_known": {3},
        "submission.stage_allowed": {3},
        "submission.value_in_scale": {3, 6},
        "submission.dates_readable": {6},
    }
    assert installation.batch(brought)["rejected"] == 2
    assert installation.kept(brought) == {2, 4, 5, 7, 8, 9}


# Submissions that look as if nobody had thought about them: said, never refused.


def sheet_of(period: str, count: int = 12, **differs: str) -> list[Row]:
    """So many indicators of one owner, their levels 1 to 5 in turn."""
    first = submissions()[0] | {"period": period}
    return [
        first | {"indicator_id": str(n), "value": str(1 + n % 5), "explanation": f"{MADE_UP} {period} {n}", "evidence_file": f"{period}-{n}.pdf"} | differs
        for n in range(1, count + 1)
    ]


def said(installation: Installation, brought: Brought, rule_id: str) -> dict[int, str]:
    """What a rule's reasons add to its sentence, by source row."""
    sentence = next(rule.sentence_id for rule in brought.suite.rules if rule.rule_id == rule_id)
    rows = installation.query("select row_key, reason from quality.failed_row where batch_id = $1 and rule_id = $2", brought.batch_id, rule_id)
    return {int(row_key.split(":")[1]): reason.removeprefix(sentence) for row_key, reason in rows}


def test_ten_answers_of_one_level_are_told_and_nine_are_not(installation: Installation) -> None:
    feed = installation.feed("one_level", FeedKind.SUBMISSION)
    brought = installation.bring(feed, as_csv([*sheet_of("2024-Q4", 10, value="3"), *sheet_of("2023-Q4", 9, value="3"), *sheet_of("2022-Q4", 10)]))
    assert said(installation, brought, "submission.values_vary") == dict.fromkeys(range(2, 12), " [value_text = 3] [sheet_answers = 10]")
    assert installation.statuses(brought)["submission.values_vary"] == "warn"
    assert installation.batch(brought)["added"] == 29


def test_an_answer_copied_from_the_period_before_is_told(installation: Installation) -> None:
    feed = installation.feed("copied", FeedKind.SUBMISSION)
    installation.bring(feed, as_csv(sheet_of("2024-Q4")))
    rows = sheet_of("2024-Q4")
    rows[1] |= {"value": "1"}
    rows[2] |= {"explanation": ""}
    rows[3] |= {"evidence_file": "baru.pdf"}
    rows[4] |= {"explanation": "baru"}
    brought = installation.bring(feed, as_csv([row | {"period": "2025-Q4"} for row in rows]))
    answers = set(range(2, 14)) - {3, 4, 5, 6}
    assert said(installation, brought, "submission.nothing_copied") == dict.fromkeys(
        answers, " [former_period = 2024-Q4] [copied = penjelasan, nilai dan bukti]"
    )
    assert installation.batch(brought)["added"] == 12


def test_a_sheet_with_all_levels_of_the_period_before_is_told(installation: Installation) -> None:
    feed = installation.feed("copied_whole", FeedKind.SUBMISSION)
    installation.bring(feed, as_csv([*sheet_of("2021-Q4"), *sheet_of("2023-Q4", stage="final")]))
    whole = installation.bring(feed, as_csv(sheet_of("2023-Q4")))
    assert said(installation, whole, "submission.nothing_copied") == dict.fromkeys(range(2, 14), " [former_period = 2021-Q4] [copied = semua 12 nilai]")
    rows = sheet_of("2025-Q4")
    rows[0] |= {"value": "1"}
    assert said(installation, installation.bring(feed, as_csv(rows)), "submission.nothing_copied") == {}


def test_a_withdrawn_answer_is_nothing_to_copy(installation: Installation) -> None:
    feed = installation.feed("copied_withdrawn", FeedKind.SUBMISSION)
    installation.bring(feed, as_csv(sheet_of("2021-Q4", 1)))
    installation.bring(feed, as_csv(sheet_of("2021-Q4", 1, act="withdrawal")))
    brought = installation.bring(feed, as_csv([row | {"period": "2022-Q4"} for row in sheet_of("2021-Q4", 1)]))
    assert installation.statuses(brought)["submission.nothing_copied"] == "not_evaluated"


# Whole batches.


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_rows_is_rejected_and_its_results_are_kept(installation: Installation, kind: FeedKind) -> None:
    brought = installation.bring(installation.feed(f"no_rows_{kind.value}", kind), WITHOUT_ROWS[kind], "tanpa_baris")
    has_rows = f"{brought.suite.name}.has_rows"
    statuses = installation.statuses(brought)
    assert statuses[has_rows] == "fail"
    assert {status for rule_id, status in statuses.items() if rule_id != has_rows} == {"not_evaluated"}
    assert len(statuses) == len(brought.suite.rules)
    batch = installation.batch(brought)
    assert (batch["status"], batch["read"], batch["rejected"]) == ("rejected", 0, 0)
    assert "tanpa_baris" in batch["message"]
    assert has_rows in batch["message"]
    assert brought.outcome.status == "rejected"
    assert installation.archive.read(brought.sha256) == WITHOUT_ROWS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_no_bytes_is_rejected_with_a_reason_and_no_rule_pretends_to_have_judged_it(installation: Installation, kind: FeedKind) -> None:
    brought = installation.bring(installation.feed(f"no_bytes_{kind.value}", kind), b"")
    assert set(installation.statuses(brought).values()) == {"not_evaluated"}
    batch = installation.batch(brought)
    assert batch["status"] == "rejected"
    assert batch["message"]
    assert "please report it" not in batch["message"]


def test_a_stale_check_log_warns_and_is_kept(installation: Installation) -> None:
    rows = [row | {"checked_at": row["checked_at"].replace("2026-09-01", "2026-08-30")} for row in checks()]
    brought = installation.bring(installation.feed("stale", FeedKind.CHECK_LOG), as_csv(rows))
    assert installation.statuses(brought)["check.fresh"] == "warn"
    seen = installation.observed(brought, "check.fresh") or ""
    assert "2026-08-30 08:00:00" in seen
    assert f"{brought.received_at:%Y-%m-%d %H:%M:%S}" in seen
    assert len(installation.kept(brought)) == 8
    assert installation.batch(brought)["status"] == "promoted"


def test_a_check_log_whose_newest_check_still_speaks_is_fresh(installation: Installation) -> None:
    newest = installation.now + timedelta(seconds=1) - timedelta(seconds=MAX_HOLD_S)
    rows = [checks()[0] | {"checked_at": newest.isoformat()}]
    brought = installation.bring(installation.feed("just_fresh", FeedKind.CHECK_LOG), as_csv(rows))
    assert installation.statuses(brought)["check.fresh"] == "pass"
    older = [checks()[0] | {"checked_at": (newest - timedelta(seconds=1)).isoformat()}]
    assert installation.statuses(installation.bring(installation.feed("just_stale", FeedKind.CHECK_LOG), as_csv(older)))["check.fresh"] == "warn"


def test_freshness_is_not_judged_where_no_time_is_readable_or_no_hold_is_set(installation: Installation) -> None:
    without_times = [row | {"checked_at": "kemarin"} for row in checks()]
    unreadable = installation.bring(installation.feed("no_times", FeedKind.CHECK_LOG), as_csv(without_times))
    assert installation.statuses(unreadable)["check.fresh"] == "not_evaluated"
    without_hold = installation.bring(installation.feed("no_hold", FeedKind.CHECK_LOG, max_hold_s=0), as_csv(checks()))
    assert installation.statuses(without_hold)["check.fresh"] == "not_evaluated"


def test_a_check_that_claims_to_be_from_the_future_does_not_make_a_stale_log_fresh(installation: Installation) -> None:
    rows = [row | {"checked_at": row["checked_at"].replace("2026-09-01", "2026-08-30")} for row in checks()]
    rows[7]["checked_at"] = "2099-01-01T00:00:00Z"
    brought = installation.bring(installation.feed("stale_but_for_the_future", FeedKind.CHECK_LOG), as_csv(rows))
    assert installation.failed(brought)["check.not_in_the_future"] == {9}
    assert installation.statuses(brought)["check.fresh"] == "warn"


def with_broken_rule(reader: Reader, severity: str) -> Reader:
    broken = Rule("submission.invented", Holds("no_such_column = 1"), "conformity", severity, "row", "Aturan contoh.", "An invented rule.")  # type: ignore[arg-type]
    return replace(reader, suite=replace(reader.suite, rules=(*reader.suite.rules, broken)))


def test_a_critical_rule_that_cannot_be_run_is_an_error_and_its_batch_is_not_let_through(installation: Installation) -> None:
    feed = installation.feed("rule_that_raises", FeedKind.SUBMISSION)
    reader = with_broken_rule(reader_of(feed, installation.lake), "critical")
    brought = installation.bring(feed, with_bad_rows(FeedKind.SUBMISSION, {1: {"value": "6"}}), reader=reader)
    statuses = installation.statuses(brought)
    assert statuses["submission.invented"] == "error"
    assert "no_such_column" in (installation.observed(brought, "submission.invented") or "")
    assert statuses["submission.value_in_scale"] == "fail"
    assert statuses["submission.government_known"] == "pass"
    batch = installation.batch(brought)
    assert (batch["status"], batch["read"], batch["rejected"]) == ("rejected", 8, 8)
    assert "submission.invented" in batch["message"]
    assert installation.kept(brought) == set()


def test_a_warning_rule_that_cannot_be_run_is_an_error_and_stops_nothing(installation: Installation) -> None:
    feed = installation.feed("warning_that_raises", FeedKind.SUBMISSION)
    brought = installation.bring(feed, with_bad_rows(FeedKind.SUBMISSION, {}), reader=with_broken_rule(reader_of(feed, installation.lake), "warning"))
    assert installation.statuses(brought)["submission.invented"] == "error"
    assert installation.batch(brought)["status"] == "promoted"
    assert len(installation.kept(brought)) == 8


# What people really send.


@pytest.mark.parametrize("kind", [FeedKind.SUBMISSION, FeedKind.PUBLISHED_INDEX, FeedKind.CHECK_LOG])
def test_a_file_with_a_thousand_columns_is_judged_by_those_it_needs(installation: Installation, kind: FeedKind) -> None:
    made, written, _ = SOUND[kind]
    more = {f"kolom_{number}": str(number) for number in range(1_000 - len(made()[0]))}
    brought = installation.bring(installation.feed(f"wide_{kind.value}", kind), written([row | more for row in made()]))
    assert installation.batch(brought)["added"] == 8
    kept = installation.query("select count(*) from quality.column_profile where batch_id = $1 and origin = 'source'", brought.batch_id)
    assert kept == [(1_000,)]


@pytest.mark.parametrize("kind", [FeedKind.SUBMISSION, FeedKind.PUBLISHED_INDEX, FeedKind.CHECK_LOG])
def test_a_text_file_with_a_nul_byte_is_rejected_with_what_is_accepted_instead(installation: Installation, kind: FeedKind) -> None:
    data = with_bad_rows(kind, {}).replace(b"99" if kind is not FeedKind.CHECK_LOG else b"buatan-3", b"9\0", 1)
    brought = installation.bring(installation.feed(f"nul_{kind.value}", kind), data)
    batch = installation.batch(brought)
    assert batch["status"] == "rejected"
    assert "accepted: " in batch["message"]
    assert "CSV" in batch["message"]
    assert set(installation.statuses(brought).values()) == {"not_evaluated"}
    assert installation.archive.read(brought.sha256) == data


def test_a_nul_byte_far_down_in_a_check_log_or_in_a_catalogue_loses_no_row(installation: Installation) -> None:
    head, *lines = as_csv([checks()[0] | {"service": f"buatan-{number}"} for number in range(2_000)]).splitlines()
    lines[-1] = lines[-1].replace(b"buatan", b"bua\0tan", 1)
    for feed, data, rows in (
        (installation.feed("nul_far_down", FeedKind.CHECK_LOG), b"\n".join([head, *lines]), 2_000),
        (installation.feed("nul_in_title", FeedKind.CKAN), with_bad_rows(FeedKind.CKAN, {1: {"title": "Dataset\0buatan"}}), 8),
    ):
        brought = installation.bring(feed, data)
        batch = installation.batch(brought)
        if batch["status"] == "promoted":
            assert batch["added"] + batch["rejected"] == rows
            assert len(installation.kept(brought)) == batch["added"]
        else:
            assert batch["message"]
        assert installation.archive.read(brought.sha256) == data


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_which_every_row_is_bad_is_set_aside_whole_and_still_has_its_verdict(installation: Installation, kind: FeedKind) -> None:
    bad: dict[FeedKind, Row] = {
        FeedKind.SUBMISSION: {"value": "99"},
        FeedKind.PUBLISHED_INDEX: {"value": "99"},
        FeedKind.CHECK_LOG: {"status": "gangguan"},
    }
    change = bad.get(kind, {"title": ""})
    brought = installation.bring(installation.feed(f"all_bad_{kind.value}", kind), with_bad_rows(kind, dict.fromkeys(range(8), change)))
    assert installation.batch(brought) == {"status": "promoted", "read": 8, "added": 0, "updated": 0, "unchanged": 0, "rejected": 8, "message": None}
    assert installation.kept(brought) == set()
    assert set().union(*installation.failed(brought).values()) == source_rows(range(8), kind)
    assert (brought.outcome.status, brought.outcome.messages[0].split(": ")[-1]) == ("rejected", "all rows were set aside (8 of 8)")


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_without_any_part_of_its_key_is_set_aside_and_can_still_be_seen(installation: Installation, kind: FeedKind) -> None:
    given = {"checked_at_text": "checked_at"}
    without_key = {given.get(column, column): "" for column in suite_of(kind).key if column != "agency_code"}
    brought = installation.bring(installation.feed(f"null_key_{kind.value}", kind), with_bad_rows(kind, {1: without_key, 4: without_key}))
    assert set().union(*installation.failed(brought).values()) == source_rows({1, 4}, kind)
    keys = {row[0] for row in installation.query("select business_key from quality.failed_row where batch_id = $1", brought.batch_id)}
    assert keys == {" | ".join("-" if column in ("agency_code", "vantage") else gate.MISSING for column in brought.suite.key)}
    assert installation.kept(brought) == source_rows({0, 2, 3, 5, 6, 7}, kind)
    assert (installation.batch(brought)["status"], installation.batch(brought)["rejected"]) == ("promoted", 2)


@pytest.mark.parametrize("words", ['SK "final" terlampir', "C:\\berkas\\sk.pdf", "*", "50 % [draf] {1} $.a"], ids=["quotes", "backslash", "asterisk", "signs"])
def test_an_explanation_may_hold_any_sign_of_the_keyboard(installation: Installation, words: str) -> None:
    feed = installation.feed(f"words_{sum(map(ord, words))}", FeedKind.SUBMISSION)
    brought = installation.bring(feed, with_bad_rows(FeedKind.SUBMISSION, {1: {"explanation": words}}))
    assert installation.batch(brought)["message"] is None
    kept = installation.query("select explanation from core.assessment where feed_id = $1 and source_row = 3", feed.id)
    assert kept == [(words,)]


@pytest.mark.parametrize("latency", ["nan", "inf", "-inf", "1e308"])
def test_an_absurd_latency_is_a_warning_on_its_row_and_does_not_lose_the_log(installation: Installation, latency: str) -> None:
    feed = installation.feed(f"latency_{latency.replace('-', 'minus_')}", FeedKind.CHECK_LOG)
    brought = installation.bring(feed, with_bad_rows(FeedKind.CHECK_LOG, {1: {"latency_ms": latency}}))
    assert installation.batch(brought)["status"] == "promoted", installation.batch(brought)["message"]
    assert installation.failed(brought) == {"check.latency_plausible": {3}}
    assert len(installation.kept(brought)) == 8


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "0044-03-15 (BC) 00:00:00+00", "294247-01-10T00:00:00Z"])
def test_a_check_at_an_impossible_time_is_set_aside_and_does_not_lose_the_log(tmp_path: Path, moment: str) -> None:
    installation = Installation(tmp_path)
    brought = installation.bring(installation.feed("impossible", FeedKind.CHECK_LOG), with_bad_rows(FeedKind.CHECK_LOG, {1: {"checked_at": moment}}))
    assert set().union(*installation.failed(brought).values()) == {3}
    assert installation.kept(brought) == {2, 4, 5, 6, 7, 8, 9}


# The catalogue of rules.


def stored_rules(installation: Installation) -> list[tuple[Any, ...]]:
    return installation.query("select * from quality.rule order by rule_id, version")


def load_catalogue(installation: Installation, at: datetime) -> None:
    with installation.warehouse.open_for_writing() as connection:
        catalogue.load(connection, installation.archive, lambda: at)


FIRST = datetime(2026, 9, 1, tzinfo=UTC)
SECOND = datetime(2026, 10, 1, tzinfo=UTC)
THIRD = datetime(2026, 11, 1, tzinfo=UTC)


def test_the_catalogue_lists_every_rule_in_use_once(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    load_catalogue(installation, FIRST)
    listed = installation.query(
        "select rule_id, version, suite, table_name, dimension, severity, scope, owner, sentence_id, sentence_en, valid_from, valid_to from quality.rule"
    )
    expected = [
        (
            rule.rule_id, rule.version, suite.name, suite.table_name, rule.dimension, rule.severity, rule.scope, rule.owner, rule.sentence_id, rule.sentence_en,
            FIRST, None,
        )
        for suite in catalogue.suites()
        for rule in suite.rules
    ]  # fmt: skip
    assert sorted(listed) == sorted(expected)


def test_loading_the_catalogue_again_changes_nothing(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    load_catalogue(installation, FIRST)
    before = stored_rules(installation)
    load_catalogue(installation, SECOND)
    assert stored_rules(installation) == before


def suites_with(change: Callable[[Rule], Rule]) -> tuple[Suite, ...]:
    """The suites with the submission suite's first rule changed."""
    return tuple(replace(suite, rules=(change(suite.rules[0]), *suite.rules[1:])) if suite.name == "submission" else suite for suite in catalogue.suites())


def test_a_new_version_of_a_rule_closes_the_one_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(tmp_path)
    load_catalogue(installation, FIRST)
    before = stored_rules(installation)
    newer = suites_with(lambda rule: replace(rule, version=2, severity="warning"))
    monkeypatch.setattr(catalogue, "suites", lambda: newer)
    load_catalogue(installation, SECOND)
    versions = installation.query("select version, severity, valid_from, valid_to from quality.rule where rule_id = 'submission.has_rows' order by version")
    assert versions == [(1, "critical", FIRST, SECOND), (2, "warning", SECOND, None)]
    after = stored_rules(installation)
    assert len(after) == len(before) + 1
    assert [row for row in after if row[0] != "submission.has_rows"] == [row for row in before if row[0] != "submission.has_rows"]
    load_catalogue(installation, THIRD)
    assert stored_rules(installation) == after


def test_a_rule_no_longer_in_use_keeps_the_time_at_which_it_was_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(tmp_path)
    load_catalogue(installation, FIRST)
    fewer = tuple(replace(suite, rules=suite.rules[1:]) if suite.name == "submission" else suite for suite in catalogue.suites())
    monkeypatch.setattr(catalogue, "suites", lambda: fewer)
    load_catalogue(installation, SECOND)
    given_up = "select valid_from, valid_to from quality.rule where rule_id = 'submission.has_rows'"
    assert installation.query(given_up) == [(FIRST, SECOND)]
    load_catalogue(installation, THIRD)
    assert installation.query(given_up) == [(FIRST, SECOND)]


# Rows that come right.


def resolved(installation: Installation, brought: Brought) -> dict[tuple[str, int], tuple[str | None, datetime | None]]:
    rows = installation.query("select rule_id, row_key, resolved_by_batch, resolved_at from quality.failed_row where batch_id = $1", brought.batch_id)
    return {(rule_id, int(row_key.split(":")[1])): (batch_id, at) for rule_id, row_key, batch_id, at in rows}


def test_a_rejected_row_that_comes_right_is_marked_with_when_and_by_which_batch_and_one_that_fails_again_is_not(installation: Installation) -> None:
    feed = installation.feed("comes_right", FeedKind.SUBMISSION)
    first = installation.bring(feed, with_bad_rows(feed.kind, {1: {"value": "6"}, 4: {"value": "6"}, 5: {"value": "6"}}), "a.csv")
    assert set(resolved(installation, first).values()) == {(None, None)}
    second = installation.bring(feed, with_bad_rows(feed.kind, {4: {"value": "7"}, 5: {"value": "5", "indicator_id": "47"}}), "b.csv")
    known_at = installation.query("select known_at from meta.batch where batch_id = $1", second.batch_id)[0][0]
    assert resolved(installation, first) == {
        ("submission.value_in_scale", 3): (second.batch_id, known_at),
        ("submission.value_in_scale", 6): (None, None),
        ("submission.value_in_scale", 7): (None, None),
    }
    assert resolved(installation, second) == {("submission.value_in_scale", 6): (None, None)}
    third = installation.bring(feed, with_bad_rows(feed.kind, {}), "c.csv")
    assert {batch_id for batch_id, _ in resolved(installation, first).values()} == {second.batch_id, third.batch_id}
    assert {batch_id for batch_id, _ in resolved(installation, second).values()} == {third.batch_id}


def test_a_row_with_a_warning_that_comes_right_is_marked_too_and_one_that_warns_again_is_not(installation: Installation) -> None:
    feed = installation.feed("warning_comes_right", FeedKind.SUBMISSION)
    rows = [row | {"period": "2024-Q4"} for row in submissions()]
    faulty = [row | {"evidence_file": ""} if place in (1, 4) else row for place, row in enumerate(rows)]
    first = installation.bring(feed, as_csv(faulty), "a.csv")
    second = installation.bring(feed, as_csv([row | {"evidence_file": ""} if place == 4 else row for place, row in enumerate(rows)]), "b.csv")
    found = resolved(installation, first)
    assert found["submission.evidence_named", 3][0] == second.batch_id
    assert found["submission.evidence_named", 6] == (None, None)


def test_a_row_that_mends_one_fault_and_brings_another_is_not_resolved(installation: Installation) -> None:
    feed = installation.feed("other_fault", FeedKind.SUBMISSION)
    rows = [row | {"period": "2023-Q4"} for row in submissions()]
    first = installation.bring(feed, as_csv([rows[0] | {"value": "6"}, *rows[1:]]), "a.csv")
    installation.bring(feed, as_csv([rows[0], rows[0], *rows[1:]]), "b.csv")
    assert resolved(installation, first) == {("submission.value_in_scale", 2): (None, None)}


def test_a_rejected_batch_resolves_nothing(installation: Installation) -> None:
    feed = installation.feed("rejected_resolves_nothing", FeedKind.SUBMISSION)
    rows = [row | {"period": "2022-Q4"} for row in submissions()]
    first = installation.bring(feed, as_csv([rows[0] | {"value": "6"}, *rows[1:]]), "a.csv")
    rejected = installation.bring(feed, as_csv(rows), "b.csv", with_broken_rule(reader_of(feed, installation.lake), "critical"))
    assert installation.batch(rejected)["status"] == "rejected"
    assert ("submission.value_in_scale", 2) in resolved(installation, first)
    assert resolved(installation, first)["submission.value_in_scale", 2] == (None, None)


def test_a_row_whose_key_holds_a_question_mark_is_resolved_like_any_other(installation: Installation) -> None:
    feed = installation.feed("question_mark", FeedKind.CKAN)
    title = {"title": "Apa itu dataset buatan?", "dataset_id": "tanya"}
    first = installation.bring(feed, with_bad_rows(feed.kind, {1: title | {"license": ""}}), "a.json")
    second = installation.bring(feed, with_bad_rows(feed.kind, {1: title}), "b.json")
    assert resolved(installation, first)["dataset.licensed", 2][0] == second.batch_id


def test_a_row_that_comes_right_as_its_file_is_judged_again_is_known_by_its_place(installation: Installation) -> None:
    feed = installation.feed("judged_again", FeedKind.SUBMISSION)
    data = with_bad_rows(feed.kind, {1: {"agency_code": "Dinas Contoh", "evidence_file": ""}, 4: {"agency_code": "Dinas Lain"}})
    first = installation.bring(feed, data)
    with installation.warehouse.open_for_writing() as connection:
        connection.execute("insert into ref.agency by name select '99' as government_code, '7' as code, 'Dinas Contoh' as name, [] as aliases")
    second = installation.bring(feed, data, reader=replace(reader_of(feed, installation.lake), parser_version="another list of agencies"))
    found = resolved(installation, first)
    assert found["submission.agency_known", 3][0] == second.batch_id
    assert found["submission.agency_known", 6] == (None, None)
    assert found["submission.evidence_named", 3] == (None, None)


def test_the_same_name_in_another_governments_feed_resolves_nothing(installation: Installation) -> None:
    ours, theirs = installation.feed("ours", FeedKind.CHECK_LOG), installation.feed("theirs", FeedKind.CHECK_LOG, NEIGHBOUR)
    rows = [row | {"service": f"sama-{row['service']}"} for row in checks()]
    first = installation.bring(ours, as_csv([rows[0] | {"status": "gangguan"}, *rows[1:]]))
    installation.bring(theirs, as_csv(rows))
    assert resolved(installation, first) == {("check.status_known", 2): (None, None)}
