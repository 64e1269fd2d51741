"""The picture of a feed's newest month: which services it shows, and that unknown time looks like nothing else."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import duckdb
import pytest

from assets.uptime import month_chart
from assets.uptime.month_chart import BANDS, CLOSED, UNKNOWN, Day
from tests.browser import NEEDS_CHROMIUM, opened
from warehouse import database, migrations

DAY_S = 86400
LAST = date(2024, 3, 3)  # a month of 29 days lies within
DATES = [LAST - timedelta(days=back) for back in reversed(range(month_chart.DAYS))]
CELL = 17
SIZE_LIMIT = 45_000


def day(service: str, when: date = LAST, up_s: int = DAY_S, down_s: int = 0, unknown_s: int = 0, **more: object) -> Day:
    values = {"name": service, "government": "Provinsi Contoh", "availability": 1.0, "objective": 0.99, "services": 3} | more
    return Day(service_id=service, day=when, up_s=up_s, down_s=down_s, unknown_s=unknown_s, **values)  # type: ignore[arg-type]


def colours(picture: str, row: int, column: int) -> set[str]:
    """What is seen in a cell, over all its height: rectangles drawn later cover those before."""
    seen = {}
    for x, y, width, height, fill in re.findall(r'<path d="M([\d.]+),([\d.]+)h([\d.]+)v([\d.]+)h-[\d.]+Z" fill="(#\w+)"', picture):
        if float(x) <= CELL * (column + 0.5) < float(x) + float(width):
            seen |= {pixel: fill for pixel in range(CELL * row + 1, CELL * (row + 1) - 1) if float(y) <= pixel + 0.5 < float(y) + float(height)}
    return set(seen.values())


def words(picture: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with database.scratch() as opened:
        migrations.apply(opened)
        opened.execute("insert into ref.government (code, name, timezone, aliases, configured) values ('99', 'Provinsi Contoh', 'Asia/Makassar', [], true)")
        yield opened


def watched(connection: duckdb.DuckDBPyConnection, feed_id: str, service_id: str, days: Sequence[date], down_s: int, unknown_s: int = 0) -> None:
    for when in days:
        connection.execute(
            """
            insert into uptime.service_day by name
            select
                $1 as feed_id, $2 as service_id, '99' as government_code, '-' as agency_code, $3::date as day, 86400 - $4 - $5 as up_s,
                $4 as down_s, $5 as unknown_s, 0 as maintenance_s, 0 as off_hours_s, 1 as checks, 0 as failed_checks
            """,
            [feed_id, service_id, when, down_s, unknown_s],
        )


def test_the_services_down_longest_in_the_newest_days_are_shown_the_worst_first(connection: duckdb.DuckDBPyConnection) -> None:
    for number in range(20):
        watched(connection, "monitor", f"service_{number}", DATES[-2:], down_s=number * 60)
    watched(connection, "monitor", "down_long_ago", [DATES[0] - timedelta(days=1)], down_s=DAY_S)
    watched(connection, "monitor", "nobody_knows", DATES[-2:], down_s=0, unknown_s=DAY_S)
    watched(connection, "another", "of_another_feed", DATES, down_s=DAY_S)
    days = month_chart.newest_days(connection, "monitor")
    shown = [f"service_{number}" for number in range(19, 4, -1)]
    assert list(dict.fromkeys(one.service_id for one in days)) == shown
    assert {(one.services, one.government) for one in days} == {(21, "Provinsi Contoh")}
    assert days[0].availability == pytest.approx(1 - 19 / 1440)
    said = words(month_chart.draw("monitor", days))
    assert [word for word in said if word.startswith("service_")] == shown
    assert any("15 of 21 services" in word for word in said)


def test_a_feed_without_service_days_has_nothing_to_draw(connection: duckdb.DuckDBPyConnection) -> None:
    assert month_chart.newest_days(connection, "monitor") == []


def test_unknown_days_look_neither_like_bad_days_nor_like_closed_ones() -> None:
    days = [
        day("mixed", DATES[0], up_s=0, unknown_s=DAY_S),
        day("mixed", DATES[1], up_s=0, down_s=DAY_S),
        day("mixed", DATES[2], up_s=0),
        day("mixed", DATES[3], up_s=0, down_s=DAY_S // 2, unknown_s=DAY_S // 2),
        day("mixed", DATES[4], up_s=DAY_S - 1, down_s=1),
        *[day("mixed", when) for when in DATES[5:30]],
        day("begins_late", LAST, up_s=DAY_S * 9 // 10, down_s=DAY_S // 10),
    ]
    picture = month_chart.draw("monitor", days)
    expected = [{UNKNOWN}, {"under 80 %"}, {CLOSED}, {"under 80 %", UNKNOWN}, {"99 to 100 %"}, *[{"100 %"}] * 25, {UNKNOWN}]
    assert [colours(picture, 0, column) for column in range(31)] == [{BANDS[band] for band in bands} for bands in expected]
    assert [colours(picture, 1, column) for column in (0, 29, 30)] == [{BANDS[UNKNOWN]}, {BANDS[UNKNOWN]}, {BANDS["80 to 95 %"]}]
    assert len(set(BANDS.values())) == len(BANDS)


def test_a_minute_known_to_be_down_is_seen_in_a_day_that_is_otherwise_unknown() -> None:
    picture = month_chart.draw("monitor", [day("hardly_watched", up_s=0, down_s=60, unknown_s=DAY_S - 60)])
    assert colours(picture, 0, 30) == {BANDS[UNKNOWN], BANDS["under 80 %"]}


def test_a_month_of_which_nothing_is_known_is_grey() -> None:
    picture = month_chart.draw("monitor", [day("unwatched", up_s=0, unknown_s=DAY_S, availability=None)])
    assert {next(iter(colours(picture, 0, column))) for column in range(31)} == {BANDS[UNKNOWN]}


def test_the_days_and_the_objective_are_named() -> None:
    said = words(month_chart.draw("monitor", [day("missed", availability=0.985), day("never_known", availability=None, objective=None)]))
    assert "Provinsi Contoh (monitor): 31 days to 3 March 2024" in said
    assert {"98.50 % of 99 %", "unknown"} <= set(said)
    assert [word for word in said if re.fullmatch(r"\d+(Feb|Mar)?", word)] == ["2Feb", *map(str, range(3, 30)), "1Mar", "2", "3"]


def test_any_name_can_be_drawn_and_equal_names_are_told_apart() -> None:
    names = ["Layanan & <Kota> 'x' \"y\" \\", "=1+1 ${} {{}}", "Ç ñ 日本 🙂", "kembar", "kembar", "", "a\nb"]
    days = [day(f"s{number}", name=name, government=f"Kota {number % 2}") for number, name in enumerate(names)]
    said = words(month_chart.draw("monitor", days))
    assert "Layanan & <Kota> 'x' \"y\" \\, Kota 0" in said
    assert {"kembar [s3], Kota 1", "kembar [s4], Kota 0"} <= set(said)
    assert any(word.startswith("2 governments (monitor)") for word in said)


_OUTSIDE = """
document.querySelectorAll('text').forEach(text => text.setAttribute('font-family', "Verdana, 'DejaVu Sans'"));
const width = document.documentElement.viewBox.baseVal.width;
const places = Array.from(document.querySelectorAll('text'), text => [text.textContent, text.getBoundingClientRect()]);
return places.filter(([said, place]) => place.left < 0 || place.right > width).map(([said, place]) => said);
"""


@NEEDS_CHROMIUM
@pytest.mark.parametrize(
    "names", [["disperindagesdm", "kota-singkawang"], ["a"], ["biro_pengadaan_barang_dan_jasa_provinsi", "WWWWWWWWWWWWWWWWWWWWWWWW", "m" * 24]]
)
def test_no_word_is_cut_off_in_a_wide_font(names: list[str], tmp_path: Path) -> None:
    picture = tmp_path / "month.svg"
    days = [day(name, availability=0.98765, objective=0.9995, government="Provinsi Kalimantan Selatan") for name in names]
    picture.write_text(month_chart.draw("monitor", days), encoding="utf-8")
    with opened(tmp_path / "profile") as browser:
        browser.get(picture.as_uri())
        assert browser.execute_script("return document.querySelectorAll('text').length") > len(names)
        assert browser.execute_script(_OUTSIDE) == []


def test_even_the_most_restless_month_stays_small() -> None:
    chance = Random(1)
    days = []
    for service in range(month_chart.MOST_SERVICES):
        for when in DATES:
            known_s = chance.randint(1, DAY_S)
            down_s = int(known_s * chance.choice([0, 0.005, 0.03, 0.1, 0.5]))
            days.append(day(f"biro_pengadaan_barang_dan_jasa_{service}", when, known_s - down_s, down_s, DAY_S - known_s))
    assert len(month_chart.markdown("monitor", days)) < SIZE_LIMIT


def test_who_does_not_draw_does_not_load_the_drawing_libraries() -> None:
    program = "import sys, assets.uptime.assets; assert not {'altair', 'vl_convert'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
