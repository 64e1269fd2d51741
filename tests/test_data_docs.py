"""Great Expectations in its own forms, as its users know them: Data Docs in a browser, suites as JSON that any Great Expectations loads."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from expectations import catalogue, data_docs
from expectations.rules import Between, Constraint, HasRows, InSet, NotNull, Rule, Steady, Suite
from pipelines import command
from tests.browser import NEEDS_CHROMIUM, opened
from tests.conftest import Refreshed, kesiapan, published
from warehouse.home import Home

OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND"  # the pages ask for styles and scripts of the web: tests do without
FEEDS = {
    "cftc_catalogue": "dataset",
    "denpasar_spbe": "submission",
    "kalbar_checks": "check",
    "muaraenim_catalogue": "dataset",
    "spbe_published": "published_index",
    "cftc_catalogue-distribution": "distribution",
    "muaraenim_catalogue-distribution": "distribution",
}
SUITES = [pytest.param(suite, id=suite.name) for suite in catalogue.suites()]


@pytest.fixture(scope="module")
def index(refreshed: Refreshed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data_docs") / "docs"
    done = kesiapan(refreshed.home, "docs", "-o", str(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(folder / "index.html") in done.stdout
    return folder / "index.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with opened(tmp_path_factory.mktemp("profile"), OFFLINE) as started:
        yield started


def text_of(browser: webdriver.Chrome, page: Path) -> str:
    """All text of a page, as the browser has it; spaces and line ends are one space."""
    browser.get(page.as_uri())
    return " ".join(str(browser.find_element(By.TAG_NAME, "body").get_attribute("textContent")).split())


def pages(browser: webdriver.Chrome, index: Path, part: str) -> dict[str, Path]:
    """The pages of suites or of validations that the index links to, by feed."""
    browser.get(index.as_uri())
    linked = {link.get_attribute("href") for link in browser.find_elements(By.TAG_NAME, "a")}
    found = {page.name.removesuffix(".html").removesuffix("-batch"): page for page in (index.parent / part).rglob("*.html")}
    return {feed: page for feed, page in found.items() if page.as_uri() in linked}


def table_of(browser: webdriver.Chrome, place: int) -> list[list[str]]:
    """What a reader sees of a table of the page, cell by cell."""
    rows = browser.find_elements(By.TAG_NAME, "table")[place].find_elements(By.CSS_SELECTOR, "tbody tr")
    return [[cell.text for cell in row.find_elements(By.CSS_SELECTOR, "td, th")] for row in rows]


def sentences_of(name: str) -> list[str]:
    suite = next(suite for suite in catalogue.suites() if suite.name == name)
    return [rule.sentence_en for rule in suite.rules if not isinstance(rule.constraint, Steady)]


@NEEDS_CHROMIUM
def test_the_index_asks_nothing_of_the_web_and_leads_to_a_suite_and_a_validation_of_every_feed(browser: webdriver.Chrome, index: Path) -> None:
    assert set(pages(browser, index, "expectations")) == set(FEEDS)
    assert set(pages(browser, index, "validations")) == set(FEEDS)
    assert browser.execute_script("return performance.getEntriesByType('resource').length + document.scripts.length") == 0
    assert not re.search(r"https?://|src=|@import|url\(", index.read_text(encoding="utf-8"))


@NEEDS_CHROMIUM
def test_the_index_shows_without_a_network_what_was_judged_and_what_does_not_hold(browser: webdriver.Chrome, index: Path, refreshed: Refreshed) -> None:
    with published(refreshed.home) as connection:
        outcomes = connection.execute(
            """
            select feed_id || case when suite = 'distribution' then '-distribution' else '' end as name, rule_id, status, severity, element_count, detected_at
            from quality.current_result
            where feed_id <> '-' and rule_id not like '%steady'
            qualify dense_rank() over (partition by feed_id, suite order by detected_at desc, batch_id) = 1
            """
        ).fetchall()
    browser.get(index.as_uri())
    verdicts, broken = table_of(browser, 0), table_of(browser, 1)
    assert sorted(row[0] for row in verdicts) == sorted(FEEDS)
    severities = {"critical": "kritis / critical", "warning": "peringatan / warning", "info": "catatan / note"}
    assert {(feed, rule_id, severity) for feed, rule_id, severity, _ in broken} == {
        (feed, rule_id, severities[severity]) for feed, rule_id, status, severity, _, _ in outcomes if status in ("warn", "fail")
    }
    assert any(status == "not_evaluated" for _, _, status, *_ in outcomes)
    for feed, suite, table, verdict, rows, met, not_met, unchecked, judged_at, links in verdicts:
        of_feed = [(status, elements) for found, _, status, _, elements, _ in outcomes if found == feed]
        statuses = {status for status, _ in of_feed}
        assert suite == FEEDS[feed]
        assert table == next(known.table_name for known in catalogue.suites() if known.name == suite)
        assert verdict == ("Gagal / Failed" if "fail" in statuses else "Peringatan / Warnings" if "warn" in statuses else "Lulus / Passed")
        assert {int(rows)} == {elements for _, elements in of_feed}
        assert int(not_met) == sum(status in ("warn", "fail") for status, _ in of_feed) == sum(row[0] == feed for row in broken)
        assert int(met) == sum(status == "pass" for status, _ in of_feed)
        assert int(unchecked) == sum(status == "not_evaluated" for status, _ in of_feed)
        assert {judged_at} == {f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for found, *_, at in outcomes if found == feed}
        assert links.split("\n") == ["hasil / results", "aturan / rules"]
    rules = {rule.rule_id: rule for suite in catalogue.suites() for rule in suite.rules}
    assert {rule_id: said for _, rule_id, _, said in broken} == {
        rule_id: f"{rules[rule_id].sentence_id}\n{rules[rule_id].sentence_en}" for _, rule_id, _, _ in broken
    }


@NEEDS_CHROMIUM
def test_a_phone_scrolls_the_indexs_tables_and_not_the_page(browser: webdriver.Chrome, index: Path) -> None:
    phone = {"width": 375, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", phone)
    try:
        browser.get(index.as_uri())
        assert browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]") == [375, 375]
        boxes = browser.find_elements(By.CLASS_NAME, "wide")
        assert [browser.execute_script("return arguments[0].scrollWidth > arguments[0].clientWidth", box) for box in boxes] == [True, True]
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@NEEDS_CHROMIUM
def test_great_expectations_own_index_is_still_to_be_reached(browser: webdriver.Chrome, index: Path) -> None:
    browser.get(index.as_uri())
    own = browser.find_element(By.PARTIAL_LINK_TEXT, "Great Expectations' own index").get_attribute("href")
    assert own == index.with_name(data_docs.STOCK_INDEX).as_uri()
    assert "Data Docs autogenerated using Great Expectations" in text_of(browser, index.with_name(data_docs.STOCK_INDEX))


def test_names_of_feeds_and_sentences_of_rules_are_text_and_nothing_else() -> None:
    odd = '<script>alert(1)</script> & "x" $verdicts'
    rule = Rule("odd.rule", NotNull("x"), "completeness", "warning", "row", odd, odd)
    suite = Suite("odd", odd, ("x",), {"x": "VARCHAR"}, (rule,))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    page = data_docs.index_page([data_docs.Judged(odd, suite, 1, at, {"odd.rule": False}, frozenset(), "a", "b")])
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot; $verdicts") == 5


@pytest.mark.parametrize(("feed", "suite"), FEEDS.items())
@NEEDS_CHROMIUM
def test_a_suites_page_says_in_words_what_must_hold(browser: webdriver.Chrome, index: Path, feed: str, suite: str) -> None:
    text = text_of(browser, pages(browser, index, "expectations")[feed])
    assert [sentence for sentence in sentences_of(suite) if sentence not in text] == []


@NEEDS_CHROMIUM
def test_the_validation_of_the_uptime_checks_is_shown_as_failed_with_the_rules_that_were(browser: webdriver.Chrome, index: Path, refreshed: Refreshed) -> None:
    text = text_of(browser, pages(browser, index, "validations")["kalbar_checks"])
    with published(refreshed.home) as connection:
        broken = connection.execute(
            "select rule_id from quality.current_result where feed_id = 'kalbar_checks' and status in ('warn', 'fail') and rule_id not like '%steady'"
        ).fetchall()
    assert ("check.host_of_government",) in broken
    assert "Status: Failed" in text
    assert re.search(rf"Unsuccessful Expectations ?{len(broken)}\b", text)
    assert [sentence for sentence in sentences_of("check") if sentence not in text] == []


@NEEDS_CHROMIUM
def test_a_feed_that_breaks_no_rule_is_shown_as_succeeded(browser: webdriver.Chrome, index: Path, refreshed: Refreshed) -> None:
    with published(refreshed.home) as connection:
        rows = connection.execute("select feed_id, bool_and(status in ('pass', 'not_evaluated')) from quality.current_result group by all").fetchall()
    sound = [feed for feed, passed in rows if passed]
    assert sound
    validations = pages(browser, index, "validations")
    for feed in sound:
        assert "Status: Succeeded" in text_of(browser, validations[feed]), feed


def test_writing_data_docs_changes_nothing_that_is_published(refreshed: Refreshed, index: Path, tmp_path: Path) -> None:
    target = Home(refreshed.home).published
    before = (target.stat().st_mtime_ns, target.stat().st_ino, target.stat().st_size)
    again = kesiapan(refreshed.home, "docs", "-o", str(tmp_path / "again"))
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again" / "index.html").exists()
    assert (target.stat().st_mtime_ns, target.stat().st_ino, target.stat().st_size) == before
    assert [path.name for path in target.parent.iterdir() if path.suffix == ".wal"] == []


def stock_type(constraint: Constraint) -> str:
    """The type of Great Expectations' own that says the same as a constraint of ours."""
    match constraint:
        case NotNull():
            return "expect_column_values_to_not_be_null"
        case InSet():
            return "expect_column_values_to_be_in_set"
        case Between():
            return "expect_column_values_to_be_between"
        case HasRows():
            return "expect_table_row_count_to_be_between"
        case _:
            return "unexpected_rows_expectation"


@pytest.mark.parametrize("suite", SUITES)
def test_a_suites_json_is_loaded_by_great_expectations_with_all_rules_but_those_about_history(suite: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    import great_expectations as gx

    assert command.main(["suite", suite.name]) == 0
    loaded = gx.ExpectationSuite(**json.loads(capsys.readouterr().out))
    expected = {rule.rule_id: rule for rule in suite.rules if not isinstance(rule.constraint, Steady)}
    assert len(loaded.expectations) == len(expected)
    assert loaded.name == suite.name
    seen = {}
    for expectation in loaded.expectations:
        assert expectation.meta is not None
        seen[expectation.meta["rule_id"]] = (expectation.expectation_type, expectation.severity, expectation.description)
        assert type(expectation).__module__.startswith("great_expectations."), "a type that only we know"
    assert seen == {rule_id: (stock_type(rule.constraint), rule.severity, rule.sentence_en) for rule_id, rule in expected.items()}


def test_the_suite_command_writes_json_and_names_the_suites_there_are(refreshed: Refreshed) -> None:
    done = kesiapan(refreshed.home, "suite", "submission")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "submission"
    unknown = kesiapan(refreshed.home, "suite", "submissions")
    assert unknown.returncode == 2
    assert unknown.stdout == ""
    for suite in catalogue.suites():
        assert suite.name in unknown.stderr
