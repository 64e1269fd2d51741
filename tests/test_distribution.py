"""What datasets offer: every rule on distributions proved on catalogues with a known number of bad ones, and how distributions come, change and go.
All data here but the samples are made up and labelled so: government 99 does not exist."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.open_data import catalogue as open_data
from assets.open_data import ckan, data_json, distribution
from assets.open_data.assets import DISTRIBUTION, build_open_data_assets
from assets.publish import publication
from expectations import gate
from expectations.distribution import SUITE
from expectations.intake import Arrival, take_in
from tests.conftest import Refreshed, published
from tests.test_suites import MADE_UP, Installation
from warehouse.database import open_published, run_script
from warehouse.home import Home
from warehouse.registry import Feed, FeedKind

Offered = dict[str, Any]
Place = tuple[int, int]  # dataset and position, both from 1
DATASETS, EACH = 4, 3
KINDS = [pytest.param(kind, id=kind.value) for kind in (FeedKind.CKAN, FeedKind.DATA_JSON)]
AS_CKAN = {"title": "name", "access_url": "url", "format": "format", "media_type": "mimetype", "license": "license"}
AS_DATA_JSON = {"title": "title", "access_url": "accessURL", "download_url": "downloadURL", "format": "format", "media_type": "mediaType", "license": "license"}


def sound(place: Place) -> Offered:
    dataset, position = place
    address = f"https://data.contoh.go.id/buatan-{dataset}/berkas-{position}.csv"
    return {"title": f"Berkas buatan {position}", "access_url": address, "format": "CSV", "media_type": "text/csv", "license": None}


PLACES = [(dataset, position) for dataset in range(1, DATASETS + 1) for position in range(1, EACH + 1)]


def catalogue_of(kind: FeedKind, changes: Mapping[Place, Offered], unlicensed: Sequence[int] = (), datasets: int = DATASETS) -> bytes:
    """A catalogue of datasets with three distributions each, sound but for the changes."""
    written = AS_CKAN if kind is FeedKind.CKAN else AS_DATA_JSON
    found = []
    for dataset in range(1, datasets + 1):
        offered = [sound(place) | changes.get(place, {}) for place in PLACES if place[0] == dataset]
        described = [{name: one[term] for term, name in written.items() if one.get(term) is not None} for one in offered]
        license_ = None if dataset in unlicensed else "cc-by"
        if kind is FeedKind.CKAN:
            more: Offered = {"id": f"buatan-{dataset}", "notes": MADE_UP, "license_id": license_, "resources": described}
        else:
            more = {"identifier": f"buatan-{dataset}", "description": MADE_UP, "license": license_, "distribution": described}
        found.append({"title": f"Dataset buatan {dataset}"} | more)
    return json.dumps({"success": True, "result": {"results": found}} if kind is FeedKind.CKAN else {"dataset": found}).encode()


class Portal:
    """One feed of an installation: brings replies, and has what it offers judged."""

    def __init__(self, root: Path, kind: FeedKind) -> None:
        self.installation = Installation(root)
        self.feed: Feed = self.installation.feed(f"portal_{kind.value}", kind)

    def bring(self, data: bytes, name: str = "katalog") -> str:
        brought = self.installation.bring(self.feed, data, name)
        assert brought.outcome.rejected == 0
        self.judge()
        return brought.sha256

    def judge(self) -> str | None:
        with self.installation.warehouse.open_for_writing() as connection:
            return distribution.judge(connection, self.feed)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.installation.query(sql, *parameters)

    def counts(self) -> dict[str, tuple[str, int]]:
        rows = self.query(
            "select rule_id, status, unexpected_count from quality.expectation_result where suite = 'distribution' and feed_id = $1", self.feed.id
        )
        return {rule_id: (status, count) for rule_id, status, count in rows}

    def findings(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for rule_id, row_key in self.query("select rule_id, row_key from quality.failed_row where starts_with(rule_id, 'distribution.')"):
            assert row_key not in found.setdefault(rule_id, set()), "a failed row stands twice"
            found[rule_id].add(row_key)
        return found

    def offered(self) -> list[tuple[Any, ...]]:
        return self.query("select dataset_id, position, title from open_data.distribution where feed_id = $1 order by all", self.feed.id)


@pytest.fixture(params=KINDS)
def portal(request: pytest.FixtureRequest, tmp_path: Path) -> Portal:
    return Portal(tmp_path / "home", request.param)


def keys(sha256: str, places: Sequence[Place]) -> set[str]:
    return {f"{sha256}:{dataset}.{position}" for dataset, position in places}


# Rules.


@dataclass(frozen=True)
class Planted:
    """Bad distributions for one rule. `changes`: what is different, by place; `broken`: the places that break the rule; `also`: other rules broken."""

    rule_id: str
    changes: Mapping[Place, Offered]
    broken: Sequence[Place]
    unlicensed: Sequence[int] = ()
    also: Mapping[str, Sequence[Place]] = field(default_factory=dict)


SAME = sound((1, 1))["access_url"]
PLANTED = [
    Planted("distribution.addressed", {(1, 2): {"access_url": None}, (3, 3): {"access_url": "  "}}, [(1, 2), (3, 3)]),
    Planted(
        "distribution.address_is_web",
        {
            (1, 1): {"access_url": "ftp://data.contoh.go.id/a.csv"},
            (1, 2): {"access_url": "www.contoh.go.id/a.csv"},
            (2, 1): {"access_url": "https://data.contoh.go.id/a b.csv"},
            (2, 2): {"access_url": "https://"},
            (2, 3): {"access_url": "javascript:alert(1)"},
            (3, 1): {"access_url": "HTTP://data.contoh.go.id/a.csv?x=1&y={z}"},
            (4, 1): {"access_url": "C:\\data\\a.csv"},
        },
        [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (4, 1)],
    ),
    Planted(
        "distribution.address_unique",
        {(1, 2): {"access_url": SAME}, (1, 3): {"access_url": SAME}, (2, 1): {"access_url": SAME}, (3, 1): {"access_url": None}, (3, 2): {"access_url": None}},
        [(1, 1), (1, 2), (1, 3)],
        also={"distribution.addressed": [(3, 1), (3, 2)]},
    ),
    Planted(
        "distribution.format_named",
        {
            (1, 1): {"format": None, "media_type": None},
            (2, 2): {"format": " ", "media_type": ""},
            (3, 1): {"format": None},
            (3, 2): {"media_type": None},
        },
        [(1, 1), (2, 2)],
    ),
    Planted(
        "distribution.media_type_formed",
        {
            (1, 1): {"media_type": "CSV"},
            (1, 2): {"media_type": "text / csv"},
            (2, 1): {"media_type": "teks/csv"},
            (2, 2): {"media_type": "text/"},
            (3, 1): {"media_type": "text/csv; charset=utf-8"},
            (3, 2): {"media_type": "https://www.iana.org/assignments/media-types/text/csv"},
            (3, 3): {"media_type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "format": "XLSX"},
            (4, 1): {"media_type": "Application/GeoJSON", "format": "GeoJSON"},
            (4, 2): {"media_type": None},
        },
        [(1, 1), (1, 2), (2, 1), (2, 2)],
    ),
    Planted(
        "distribution.format_fits_media_type",
        {
            (1, 1): {"media_type": "image/png"},
            (1, 2): {"media_type": "IMAGE/JPEG", "format": " .xlsx "},
            (2, 1): {"media_type": "application/pdf", "format": "Json"},
            (2, 2): {"media_type": "text/html; charset=utf-8", "format": "XLS"},
            (3, 1): {"media_type": "image/png", "format": "PNG"},
            (3, 2): {"media_type": "application/pdf", "format": "PDF"},
            (3, 3): {"media_type": "application/zip"},
            (4, 1): {"media_type": "image/png", "format": None},
            (4, 2): {"media_type": "image/svg+xml", "format": "XML"},
        },
        [(1, 1), (1, 2), (2, 1), (2, 2)],
    ),
    Planted(
        "distribution.licensed",
        {(1, 2): {"license": "cc-by"}, (2, 1): {"license": "cc-zero"}},
        [(1, 1), (1, 3), (4, 1), (4, 2), (4, 3)],
        unlicensed=(1, 4),
    ),
]


def test_every_rule_on_distributions_is_proved_in_this_file_and_only_warns() -> None:
    assert [planted.rule_id for planted in PLANTED] == [rule.rule_id for rule in SUITE.rules]
    assert {(rule.severity, rule.scope) for rule in SUITE.rules} == {("warning", "row")}


def test_sound_distributions_break_no_rule(portal: Portal) -> None:
    portal.bring(catalogue_of(portal.feed.kind, {}))
    assert portal.counts() == {rule.rule_id: ("pass", 0) for rule in SUITE.rules}
    assert portal.findings() == {}
    assert portal.offered() == [(f"buatan-{dataset}", position, f"Berkas buatan {position}") for dataset, position in PLACES]


@pytest.mark.parametrize("planted", PLANTED, ids=[planted.rule_id for planted in PLANTED])
def test_distributions_that_break_a_rule_are_all_found_with_key_and_reason(portal: Portal, planted: Planted) -> None:
    sha256 = portal.bring(catalogue_of(portal.feed.kind, planted.changes, planted.unlicensed))
    expected = {planted.rule_id: keys(sha256, planted.broken)} | {rule_id: keys(sha256, places) for rule_id, places in planted.also.items()}
    assert {rule_id: count for rule_id, (_, count) in portal.counts().items() if count} == {rule_id: len(found) for rule_id, found in expected.items()}
    assert portal.counts()[planted.rule_id][0] == "warn"
    assert portal.findings() == expected
    rule = next(rule for rule in SUITE.rules if rule.rule_id == planted.rule_id)
    kept = portal.query("select business_key, reason, row, feed_id, severity from quality.failed_row where rule_id = $1", planted.rule_id)
    assert {(business_key, feed_id, severity) for business_key, _, _, feed_id, severity in kept} == {
        (f"buatan-{dataset} | {position}", portal.feed.id, "warning") for dataset, position in planted.broken
    }
    for _, reason, row, *_ in kept:
        content = json.loads(row)
        assert reason.partition(" [baris lain")[0] == rule.sentence_id + "".join(
            f" [{column} = {content[column] if content[column] is not None else 'kosong'}]" for column in rule.shows
        )
    assert len(portal.offered()) == len(PLACES), "nothing is set aside"


def test_findings_count_in_the_score_of_their_feed_and_government(portal: Portal) -> None:
    changes: dict[Place, Offered] = {(1, 1): {"format": None, "media_type": None}, (2, 1): {"media_type": "image/png"}}
    portal.bring(catalogue_of(portal.feed.kind, changes))
    [(periods,)] = portal.query("select periods from meta.batch")
    score = files("assets.quality").joinpath("score.sql").read_text(encoding="utf-8")
    consistency = "select score, rules, passed, rows_checked, rows_failed from quality.score where feed_id = $1 and government_code = '99' and dimension = $2"
    with portal.installation.warehouse.open_for_writing() as connection:
        run_script(connection, score, {"period": periods[0]})
    assert portal.query(consistency, portal.feed.id, "consistency") == [(pytest.approx(1 - 1 / 11), 1, 0, 11, 1)]
    assert portal.query(consistency, portal.feed.id, "uniqueness") == [(1.0, 2, 2, 12 + DATASETS, 0)]


def test_findings_are_no_broken_invariant_and_do_not_keep_the_file_from_being_published(portal: Portal, tmp_path: Path) -> None:
    portal.bring(catalogue_of(portal.feed.kind, {(1, 1): {"access_url": None}}))
    assert portal.query("from quality.broken_invariant") == []
    target = tmp_path / "kesiapan.duckdb"
    with portal.installation.warehouse.open_for_writing() as connection:
        assert publication.publish(connection, target, lambda: portal.installation.now)
    opened = open_published(target)
    try:
        assert opened.execute("select count(*) from open_data.distribution").fetchall() == [(len(PLACES),)]
        assert opened.execute("select count(*) from quality.failed_row where rule_id = 'distribution.addressed'").fetchall() == [(1,)]
    finally:
        opened.close()


# How distributions come, change and go.


def test_a_changed_distribution_is_a_new_version_of_its_dataset_and_replaces_what_it_offered(portal: Portal) -> None:
    first = portal.bring(catalogue_of(portal.feed.kind, {(1, 1): {"access_url": None}, (2, 1): {"access_url": None}}))
    assert portal.findings() == {"distribution.addressed": keys(first, [(1, 1), (2, 1)])}
    second = portal.bring(catalogue_of(portal.feed.kind, {(1, 1): {"title": "Berkas baru"}, (2, 1): {"access_url": None}}))
    assert portal.query("select dataset_id, count(*) from open_data.dataset group by all having count(*) > 1") == [("buatan-1", 2)]
    assert portal.query("select dataset_id, title from open_data.distribution where artifact_sha256 = $1 order by position", second) == [
        ("buatan-1", "Berkas baru"),
        ("buatan-1", "Berkas buatan 2"),
        ("buatan-1", "Berkas buatan 3"),
    ]
    assert len(portal.offered()) == len(PLACES)
    newest = portal.query("select version from open_data.dataset where dataset_id = 'buatan-1' order by last_seen desc limit 1")
    assert portal.query("select distinct version from open_data.distribution where dataset_id = 'buatan-1'") == newest
    assert portal.findings() == {"distribution.addressed": keys(first, [(2, 1)])}, "what came right is found no more; a row keeps the reply it stands in"
    assert len(portal.query("select distinct batch_id from quality.expectation_result where suite = 'distribution'")) == 1


def test_a_dataset_that_is_gone_keeps_what_it_offered_last(portal: Portal) -> None:
    portal.bring(catalogue_of(portal.feed.kind, {}))
    portal.bring(catalogue_of(portal.feed.kind, {}, datasets=2))
    assert len(portal.offered()) == len(PLACES)
    assert portal.counts()["distribution.addressed"] == ("pass", 0)


def test_a_dataset_that_offers_less_than_before_loses_the_rest(portal: Portal) -> None:
    portal.bring(catalogue_of(portal.feed.kind, {}, datasets=1))
    reply = json.loads(catalogue_of(portal.feed.kind, {}, datasets=1))
    dataset = reply["result"]["results"][0] if portal.feed.kind is FeedKind.CKAN else reply["dataset"][0]
    del dataset["resources" if portal.feed.kind is FeedKind.CKAN else "distribution"][1:]
    portal.bring(json.dumps(reply).encode())
    assert portal.offered() == [("buatan-1", 1, "Berkas buatan 1")]
    assert portal.query("select distributions from open_data.dataset order by last_seen desc limit 1") == [(1,)]


def test_pages_of_one_catalogue_are_judged_together(portal: Portal) -> None:
    pages = [json.loads(catalogue_of(portal.feed.kind, {(1, 1): {"access_url": None}, (2, 1): {"access_url": None}}, datasets=2)) for _ in range(2)]
    for number, page in enumerate(pages):
        listed = page["result"]["results"] if portal.feed.kind is FeedKind.CKAN else page["dataset"]
        del listed[1 - number]
        portal.bring(json.dumps(page).encode(), f"halaman {number}")
    assert portal.counts()["distribution.addressed"] == ("warn", 2)
    assert portal.query("select count(distinct batch_id) from quality.current_result where suite = 'distribution'") == [(1,)]


def test_what_a_killed_run_left_unjudged_is_judged_by_the_next_and_what_is_judged_is_not_judged_again(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    portal.bring(catalogue_of(portal.feed.kind, {}))
    portal.installation.bring(portal.feed, catalogue_of(portal.feed.kind, {(1, 1): {"access_url": None}}), "katalog")
    assert portal.counts() == {}, "what was found of the earlier distributions does not stand for the new ones"
    assert portal.judge() is not None
    assert portal.counts()["distribution.addressed"] == ("warn", 1)
    monkeypatch.setattr(gate, "judge", lambda *_: pytest.fail("judged again"))
    assert portal.judge() is not None


def test_a_feed_that_has_brought_nothing_is_not_judged(portal: Portal) -> None:
    assert portal.judge() is None
    assert portal.counts() == {}


def contents(portal: Portal) -> list[list[tuple[Any, ...]]]:
    """What the warehouse says of the catalogue, but for the batches' ids."""
    return [
        portal.query("select * exclude (batch_id) from open_data.dataset order by all"),
        portal.query("select * exclude (batch_id) from open_data.distribution order by all"),
        portal.query("select rule_id, row_key, reason from quality.failed_row where starts_with(rule_id, 'distribution.') order by all"),
    ]


def test_replies_read_again_by_a_newer_reader_leave_what_a_fresh_warehouse_would_have(portal: Portal, tmp_path: Path) -> None:
    """Also where a record came back to what it had said before."""
    module = ckan if portal.feed.kind is FeedKind.CKAN else data_json
    older = open_data.reader("older", module.datasets, module._record)
    fresh = Portal(tmp_path / "fresh", portal.feed.kind)
    for name, title in (("satu", "Lama"), ("kedua", "Baru"), ("ketiga", "Lama")):
        data = catalogue_of(portal.feed.kind, {(1, 1): {"title": title}, (2, 1): {"access_url": None}})
        padded = data + b" " * len(name)  # other bytes, though the content be the same
        portal.installation.bring(portal.feed, padded, "katalog", older)
        fresh.bring(padded)
    installation = portal.installation
    installation.now += timedelta(seconds=1)
    take_in(installation.warehouse, installation.archive, portal.feed, module.READER, Arrival(), "later run", lambda: installation.now, lambda _: None)
    portal.judge()
    assert portal.query("select count(*) from meta.batch") == [(6,)]
    assert [len(rows) for rows in contents(portal)] == [DATASETS + 2, len(PLACES), 1]
    assert contents(portal) == contents(fresh)


# Readers.


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        (None, []),
        ([], []),
        ([None, "https://contoh.go.id/a.csv", {"accessURL": "https://contoh.go.id/b.csv"}], [None, None, "https://contoh.go.id/b.csv"]),
        ({"accessURL": "https://contoh.go.id/b.csv"}, ["https://contoh.go.id/b.csv"]),
        ("https://contoh.go.id/a.csv", [None]),
    ],
)
def test_what_is_no_list_of_distributions_is_counted_and_missed_and_stops_nothing(tmp_path: Path, stated: object, read: list[str | None]) -> None:
    portal = Portal(tmp_path / "home", FeedKind.DATA_JSON)
    dataset = {"identifier": "buatan-1", "title": "Dataset buatan", "license": "cc-by", "distribution": stated}
    portal.bring(json.dumps({"dataset": [dataset]}).encode())
    assert [row[0] for row in portal.query("select access_url from open_data.distribution order by position")] == read
    assert portal.query("select distributions from open_data.dataset") == [(len(read),)]
    unaddressed = read.count(None)
    assert portal.counts()["distribution.addressed"] == ("warn" if unaddressed else "pass" if read else "not_evaluated", unaddressed)


def test_an_uploaded_resource_has_a_download_address_size_and_time(refreshed: Refreshed) -> None:
    with published(refreshed.home) as connection:
        rows = connection.execute(
            "select access_url = download_url, format, media_type, byte_size, modified, position from open_data.distribution "
            "where feed_id = 'muaraenim_catalogue'"
        ).fetchall()
    assert rows == [(True, "CSV", "image/png", 37986, "2026-03-13T08:33:59.293719", 1)]


@pytest.mark.parametrize(("size", "read"), [(37986, 37986), ("37986", 37986), ("37 KB", None), (None, None), (1e300, None), ({"bytes": 1}, None)])
def test_a_size_that_is_no_number_of_bytes_is_unknown(tmp_path: Path, size: object, read: int | None) -> None:
    portal = Portal(tmp_path / "home", FeedKind.CKAN)
    reply = json.loads(catalogue_of(FeedKind.CKAN, {}, datasets=1))
    reply["result"]["results"][0]["resources"][0]["size"] = size
    portal.bring(json.dumps(reply).encode())
    assert portal.query("select byte_size from open_data.distribution where position = 1") == [(read,)]


# The samples.


def test_findings_of_the_samples_are_published_with_their_rows(refreshed: Refreshed) -> None:
    with published(refreshed.home) as connection:
        counted = connection.execute(
            "select feed_id, rule_id, unexpected_count from quality.current_result where suite = 'distribution' and unexpected_count > 0 order by all"
        ).fetchall()
        offered = connection.execute("select feed_id, count(*) from open_data.distribution group by all order by all").fetchall()
    assert offered == [("cftc_catalogue", 7), ("muaraenim_catalogue", 1)]
    assert counted == [
        ("cftc_catalogue", "distribution.format_named", 7),
        ("cftc_catalogue", "distribution.licensed", 7),
        ("muaraenim_catalogue", "distribution.format_fits_media_type", 1),
    ]


def test_the_query_beside_each_rule_finds_its_failed_rows_again_in_the_published_file(refreshed: Refreshed) -> None:
    opened = open_published(Home(refreshed.home).published)
    try:
        for feed_id in ("cftc_catalogue", "muaraenim_catalogue"):
            opened.execute(files("expectations").joinpath("stage_distribution.sql").read_text(encoding="utf-8"), {"feed_id": feed_id})
            results = opened.execute(
                "select result_id, reproduce_sql from quality.expectation_result where suite = 'distribution' and feed_id = $1", [feed_id]
            ).fetchall()
            assert len(results) == len(SUITE.rules)
            for result_id, reproduce_sql in results:
                again = opened.execute(f"select row_key from ({reproduce_sql}) order by all").fetchall()
                assert again == opened.execute("select row_key from quality.failed_row where result_id = $1 order by all", [result_id]).fetchall()
    finally:
        opened.close()


def test_in_dagster_all_rules_are_one_check_that_warns_and_names_each_rule(portal: Portal) -> None:
    portal.bring(catalogue_of(portal.feed.kind, {(1, 1): {"format": None, "media_type": None}}))
    asset = next(asset for asset in build_open_data_assets([portal.feed]) if DISTRIBUTION in asset.keys)
    [check] = asset.check_specs
    assert not check.blocking
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([asset], instance=instance, resources={"warehouse": portal.installation.warehouse}, raise_on_error=False)
    assert done.success
    [evaluation] = done.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    table = evaluation.metadata["rules"]
    assert isinstance(table, dg.TableMetadataValue)
    assert {record.data["rule"]: record.data["rows_failed"] for record in table.records} == {
        rule.rule_id: int(rule.rule_id == "distribution.format_named") for rule in SUITE.rules
    }
