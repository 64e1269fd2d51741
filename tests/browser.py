"""Chromium, headless, as tests drive it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver

CHROMIUM, CHROMEDRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
NEEDS_CHROMIUM = pytest.mark.skipif(
    (CHROMIUM is None or CHROMEDRIVER is None) and os.environ.get("CI") != "true", reason="needs chromium and chromedriver on the path; CI has them"
)
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,1200",
)
PAGE_LIMIT_S = 60


@contextmanager
def opened(profile: Path, *switches: str) -> Iterator[webdriver.Chrome]:
    """A browser with a profile folder of its own, closed at the end."""
    assert CHROMIUM is not None, "CI must have chromium"
    assert CHROMEDRIVER is not None, "CI must have chromedriver"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for switch in (*SWITCHES, *switches, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SE_OFFLINE", "true")  # Selenium would look for a driver on the web
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    try:
        driver.set_page_load_timeout(PAGE_LIMIT_S)
        yield driver
    finally:
        driver.quit()
