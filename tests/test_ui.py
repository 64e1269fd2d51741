"""The Dagster UI in a real browser, on a home where the main job has run: what a data engineer sees of assets, checks, runs and schedules."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By

from tests.browser import NEEDS_CHROMIUM, PAGE_LIMIT_S, opened
from tests.conftest import Refreshed
from tests.dagster_server import Server, dev
from tests.waiting import wait_until

pytestmark = NEEDS_CHROMIUM


class Browser:
    """A page at a time, read as a person reads it."""

    def __init__(self, driver: webdriver.Chrome, server: Server, screenshots: Path) -> None:
        self._driver = driver
        self._server = server
        self._screenshots = screenshots

    def see(self, name: str, path: str, *expected: str) -> str:
        """Open a page, wait until its text holds all that is expected, keep a picture of it, and give the text."""
        self._driver.get(self._server.url + path)
        try:
            return wait_until(f"{name}: {', '.join(expected)}", lambda: self._text_with(expected), PAGE_LIMIT_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\non the page:\n{self._text()}") from None
        finally:
            assert self._driver.save_screenshot(str(self._screenshots / f"{name}.png"))

    def see_picture(self, name: str, button: str, described: str) -> tuple[int, int]:
        """Press a button of the page that is open, wait until the picture that is so described is drawn, keep a picture of all, and give its size."""
        self._driver.find_element(By.XPATH, f"//*[text()='{button}']").click()
        try:
            return wait_until(f"{name}: a picture of {described}", lambda: self._size_of(described), PAGE_LIMIT_S)
        finally:
            assert self._driver.save_screenshot(str(self._screenshots / f"{name}.png"))

    def _size_of(self, described: str) -> tuple[int, int] | None:
        script = "return [...document.images].filter(one => one.alt == arguments[0] && one.naturalWidth).map(one => [one.naturalWidth, one.naturalHeight])"
        for width, height in self._driver.execute_script(script, described):
            return int(width), int(height)
        return None

    def _text_with(self, expected: tuple[str, ...]) -> str | None:
        text = self._text()
        return text if all(part in text for part in expected) else None

    def _text(self) -> str:
        try:
            return self._driver.find_element(By.TAG_NAME, "body").text
        except WebDriverException:
            return ""  # the page is being drawn anew


@pytest.fixture(scope="module")
def server(refreshed: Refreshed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("ui")
    shutil.copytree(refreshed.home, folder / "home", symlinks=True)
    with dev(folder / "home", folder) as running:
        yield running


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with opened(tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def browser(driver: webdriver.Chrome, server: Server, tmp_path: Path) -> Browser:
    return Browser(driver, server, tmp_path)


def test_assets_page_lists_the_products_as_materialized(browser: Browser, tmp_path: Path) -> None:
    text = browser.see("assets", "/assets", "open_data / cftc_catalogue", "publish / kesiapan", "readiness / index_score", "Materialized")
    assert "Failed to load" not in text
    assert (tmp_path / "assets.png").stat().st_size > 10_000


def test_lineage_page_shows_every_group(browser: Browser) -> None:
    browser.see("lineage", "/asset-groups", "open_data", "publish", "quality", "readiness", "reference", "submissions", "uptime")


def test_checks_tab_shows_the_host_rule_failed_and_the_others_passed(browser: Browser) -> None:
    text = browser.see("checks", "/assets/uptime/kalbar_checks?view=checks", "host_of_government", "Failed")
    listed = re.sub(r"\s*\n\s*", " | ", text)
    assert "host_of_government | Failed" in listed
    assert "has_rows | Succeeded" in listed
    assert "arrived | Succeeded" in listed


def test_failed_check_shows_which_rows_failed_and_why(browser: Browser) -> None:
    shown = ("google | 2023-08-23", "wikipedia", "rows_failed", "[host = news.ycombinator.com]", "The address checked must be one of the government's")
    browser.see("failed_check", "/assets/uptime/kalbar_checks?view=checks&checkDetail=host_of_government", *shown)


def test_asset_of_service_days_shows_the_newest_month_as_a_picture(browser: Browser) -> None:
    browser.see("service_day", "/assets/uptime/service_day", "month_of_kalbar_checks", "[Show Markdown]")
    width, height = browser.see_picture("month", "[Show Markdown]", "Availability of kalbar_checks, day by day")
    assert width > 600
    assert height > 300


def test_runs_page_lists_the_runs_of_the_command(browser: Browser) -> None:
    text = browser.see("runs", "/runs", "ingest", "readiness", "Success")
    assert len(re.findall(r"^Success$", text, re.MULTILINE)) == 9
    assert not re.findall(r"^(Failure|Started|Queued|Starting)$", text, re.MULTILINE)


def test_runs_of_the_command_are_listed_under_their_job(browser: Browser, server: Server) -> None:
    text = browser.see("runs_of_ingest", f"/locations/{server.location}/jobs/ingest/runs", "Target", "Success")
    assert "No runs found" not in text
    browser.see("runs_of_readiness", f"/locations/{server.location}/jobs/readiness/runs", "Target", "Success")


def test_automation_page_shows_schedules_and_sensor(browser: Browser) -> None:
    browser.see("automation", "/automation", "ingest_nightly", "refresh_quarterly", "due_quarters", "01:00 AM", "03:00 AM")


def test_quarters_with_input_are_green_and_the_others_missing(browser: Browser) -> None:
    text = browser.see("quarters", "/assets/readiness/index_score?view=partitions", "Materialized (", "2021-10-01")
    shown = re.search(r"Failed \((\d+)\)\s+Materialized \((\d+)\)", text)
    assert shown is not None
    assert (int(shown[1]), int(shown[2])) == (0, 9)
