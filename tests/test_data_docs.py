"""Great Expectations in its own forms, as its users know them: Data Docs in a browser, suites as JSON that any Great Expectations loads."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from expectations import catalogue
from expectations.rules import Steady, Suite
from pipelines import command
from tests.conftest import Refreshed, kesiapan, published
from warehouse.home import Home

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGE_LIMIT_S = 60
FEEDS = {
    "cftc_catalogue": "dataset",
    "denpasar_spbe": "submission",
    "kalbar_checks": "check",
    "muaraenim_catalogue": "dataset",
    "spbe_published": "published_index",
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
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if not (CHROMIUM.exists() and DRIVER.exists()):
        reason = f"Chromium and its driver are not installed ({CHROMIUM}, {DRIVER})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    os.environ["SE_OFFLINE"] = "true"
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    opened.set_page_load_timeout(PAGE_LIMIT_S)
    try:
        yield opened
    finally:
        opened.quit()


def text_of(browser: Any, page: Path) -> str:
    """All text of a page, as the browser has it; spaces and line ends are one space."""
    from selenium.webdriver.common.by import By

    browser.get(page.as_uri())
    return " ".join(str(browser.find_element(By.TAG_NAME, "body").get_attribute("textContent")).split())


def suite_pages(browser: Any, index: Path) -> dict[str, Path]:
    """The pages of suites that the index links to, by feed."""
    from selenium.webdriver.common.by import By

    browser.get(index.as_uri())
    addresses = {link.get_attribute("href") for link in browser.find_elements(By.TAG_NAME, "a")}
    start = (index.parent / "expectations").as_uri()
    return {Path(address).stem: index.parent / Path(address).relative_to(index.parent.as_uri()) for address in addresses if (address or "").startswith(start)}


def validation_pages(browser: Any, index: Path) -> dict[str, Path]:
    """The pages of validations that the index names, by feed. Its table is drawn by a script from the web, which is not there without a network."""
    browser.get(index.as_uri())
    source = browser.page_source
    found = {page.name.removesuffix("-batch.html"): page for page in (index.parent / "validations").rglob("*.html")}
    return {feed: page for feed, page in found.items() if str(page.relative_to(index.parent)) in source}


def sentences_of(name: str) -> list[str]:
    suite = next(suite for suite in catalogue.suites() if suite.name == name)
    return [rule.sentence_en for rule in suite.rules if not isinstance(rule.constraint, Steady)]


def test_the_index_of_data_docs_opens_in_a_browser_and_leads_to_a_suite_and_a_validation_of_every_feed(browser: Any, index: Path) -> None:
    assert "Data documentation compiled by Great Expectations" in text_of(browser, index)
    assert set(suite_pages(browser, index)) == set(FEEDS)
    assert set(validation_pages(browser, index)) == set(FEEDS)


@pytest.mark.parametrize(("feed", "suite"), FEEDS.items())
def test_a_suites_page_says_in_words_what_must_hold(browser: Any, index: Path, feed: str, suite: str) -> None:
    text = text_of(browser, suite_pages(browser, index)[feed])
    assert [sentence for sentence in sentences_of(suite) if sentence not in text] == []


def test_the_validation_of_the_uptime_checks_is_shown_as_failed_with_the_rules_that_were(browser: Any, index: Path, refreshed: Refreshed) -> None:
    text = text_of(browser, validation_pages(browser, index)["kalbar_checks"])
    with published(refreshed.home) as connection:
        broken = connection.execute(
            "select rule_id from quality.current_result where feed_id = 'kalbar_checks' and status in ('warn', 'fail') and rule_id not like '%steady'"
        ).fetchall()
    assert ("check.host_of_government",) in broken
    assert "Status: Failed" in text
    assert f"Unsuccessful Expectations {len(broken)}" in text
    assert [sentence for sentence in sentences_of("check") if sentence not in text] == []


def test_a_feed_that_breaks_no_rule_is_shown_as_succeeded(browser: Any, index: Path, refreshed: Refreshed) -> None:
    with published(refreshed.home) as connection:
        rows = connection.execute("select feed_id, bool_and(status in ('pass', 'not_evaluated')) from quality.current_result group by all").fetchall()
    sound = [feed for feed, passed in rows if passed]
    assert sound
    pages = validation_pages(browser, index)
    for feed in sound:
        assert "Status: Succeeded" in text_of(browser, pages[feed]), feed


def test_writing_data_docs_changes_nothing_that_is_published(refreshed: Refreshed, index: Path, tmp_path: Path) -> None:
    target = Home(refreshed.home).published
    before = (target.stat().st_mtime_ns, target.stat().st_ino, target.stat().st_size)
    again = kesiapan(refreshed.home, "docs", "-o", str(tmp_path / "again"))
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again" / "index.html").exists()
    assert (target.stat().st_mtime_ns, target.stat().st_ino, target.stat().st_size) == before
    assert [path.name for path in target.parent.iterdir() if path.suffix == ".wal"] == []


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
    assert seen == {rule_id: (rule.constraint.expectation_type, rule.severity, rule.sentence_en) for rule_id, rule in expected.items()}


def test_the_suite_command_writes_json_and_names_the_suites_there_are(refreshed: Refreshed) -> None:
    done = kesiapan(refreshed.home, "suite", "submission")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"] == "submission"
    unknown = kesiapan(refreshed.home, "suite", "submissions")
    assert unknown.returncode == 2
    assert unknown.stdout == ""
    for suite in catalogue.suites():
        assert suite.name in unknown.stderr
