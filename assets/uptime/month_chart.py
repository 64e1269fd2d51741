"""A picture of a feed's newest month: service by local day, coloured by availability, the services that were down longest on top. What Dagster does
with it is not done here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import duckdb

from warehouse.files import sql_of

if TYPE_CHECKING:
    import altair as alt

DAYS = 31  # as in month_chart.sql: a calendar month would be nearly empty on its first days
MOST_SERVICES = 15
UNKNOWN, CLOSED = "unknown", "closed, or in maintenance"
BANDS = {  # told apart by the colour-blind too; grey is none of them, since unknown is neither good nor bad. Three digits: each stands there 100 times
    "under 80 %": "#a02",
    "80 to 95 %": "#f64",
    "95 to 99 %": "#fc7",
    "99 to 100 %": "#9ce",
    "100 %": "#27b",
    UNKNOWN: "#ddd",
    CLOSED: "#fff",
}
_FLOORS = {0.8: "under 80 %", 0.95: "80 to 95 %", 0.99: "95 to 99 %"}
_CELL, _LABEL = 17, 160  # pixels
_MARGIN = 5
_WIDER = 2  # a letter may be so much wider than Vega thinks, which goes by a narrow font: readers may have DejaVu or Verdana
_AS_IT_IS = " \"'=/:;,.()"  # what neither Markdown nor an address minds: a fifth smaller than base64
_DAY_LABEL = "utcdate(datum.value) == 1 || datum.index == 0 ? [utcdate(datum.value), utcFormat(datum.value, '%b')] : utcdate(datum.value)"


@dataclass(frozen=True)
class Day:
    """A service's local day. `availability` is that of all its days shown, None if neither up nor down is known of them; `services` says how many
    the feed watches, be they shown or not."""

    service_id: str
    name: str
    government: str
    day: date
    up_s: int
    down_s: int
    unknown_s: int
    availability: float | None
    objective: float | None
    services: int


def newest_days(connection: duckdb.DuckDBPyConnection, feed_id: str) -> list[Day]:
    """What the picture of a feed shows, the worst service first; nothing, if the feed has no service-day."""
    found = connection.execute(sql_of("assets.uptime", "month_chart.sql"), {"feed_id": feed_id, "most": MOST_SERVICES})
    return [Day(*row) for row in found.fetchall()]


def markdown(feed_id: str, days: Sequence[Day]) -> str:
    """The picture as Markdown that needs no second file."""
    return f"![Availability of {feed_id}, day by day](<data:image/svg+xml;charset=utf-8,{quote(draw(feed_id, days), safe=_AS_IT_IS)}>)"


def draw(feed_id: str, days: Sequence[Day]) -> str:
    """An SVG (its PNG would be ten times as large) of at least one day, services in the order given. A cell is filled as high as the day is known:
    the rest is grey."""
    import vl_convert  # with altair half a second and 100 MB: only who draws should pay for it

    return str(vl_convert.vegalite_to_svg(_specification(feed_id, days), vl_version="6.4", allowed_base_urls=[]))


def band(day: Day) -> str:
    known_s = day.up_s + day.down_s
    if known_s == 0:
        return UNKNOWN if day.unknown_s > 0 else CLOSED
    if day.down_s == 0:
        return "100 %"
    return next((name for floor, name in _FLOORS.items() if day.up_s / known_s < floor), "99 to 100 %")


def _specification(feed_id: str, days: Sequence[Day]) -> str:
    """In Vega-Lite, as JSON."""
    import altair as alt

    newest = max(day.day for day in days)
    first = newest - timedelta(days=DAYS - 1)
    rows = {service: row for row, service in enumerate(dict.fromkeys(day.service_id for day in days))}
    names = _names(days)
    width, height = _CELL * DAYS, _CELL * len(rows)

    noons = [_at(first, hours=24 * number + 12) for number in range(DAYS)]
    dates = alt.Axis(values=noons, labelExpr=_DAY_LABEL, labelOverlap=False, labelAngle=0)
    x = alt.X("from:T", title=None, axis=dates, scale=alt.Scale(type="utc", domain=[_at(first), _at(newest, hours=24)], nice=False))
    named = alt.Y("name:N", title=None, sort=None, scale=alt.Scale(paddingInner=1 / _CELL), axis=alt.Axis(labelLimit=_LABEL))
    pixel = alt.Y("top:Q", axis=None, scale=alt.Scale(domain=[height, 0], nice=False))
    legend = alt.Legend(orient="bottom", columns=len(BANDS), symbolStrokeColor="#999", symbolStrokeWidth=0.5, symbolType="square")
    shade = alt.Color("band:N", title=None, scale=alt.Scale(domain=list(BANDS), range=list(BANDS.values())), legend=legend)

    unknown = _mark([{"name": names[service], "band": UNKNOWN} for service in rows]).mark_rect().encode(y=named, color=shade)
    known = _mark(_runs(days, rows)).mark_rect().encode(x=x, x2="to:T", y=pixel, y2="bottom:Q", color=shade)
    midnights = _mark([{"from": _at(first, hours=24 * number)} for number in range(1, DAYS)]).mark_rule(color="#fff").encode(x=x)
    sums = [{"top": _CELL * (rows[day.service_id] + 0.5), "text": _sum(day), "missed": _missed(day)} for day in {day.service_id: day for day in days}.values()]
    colour = alt.condition("datum.missed", alt.value(BANDS["under 80 %"]), alt.value("#000"))
    beside = _mark(sums).mark_text(align="left", baseline="middle", x=width + 6).encode(y=pixel, text="text:N", color=colour)

    layers = alt.layer(unknown, alt.layer(known, midnights, beside)).resolve_scale(y="independent")
    before = _MARGIN + min(_LABEL // 4, _WIDER * max(map(len, names.values())))
    after = _MARGIN + _WIDER * max(len(_sum(day)) for day in days)
    padding = {"left": before, "right": after, "top": _MARGIN, "bottom": _MARGIN}
    sized = layers.properties(width=width, height=height, title=_title(feed_id, days, newest), background="#fff", padding=padding)
    plain = sized.configure(font="sans-serif", aria=False).configure_axis(domain=False, ticks=False, grid=False).configure_view(stroke=None)
    return str(plain.to_json())


def _mark(values: list[dict[str, Any]]) -> "alt.Chart":
    import altair as alt

    return alt.Chart(alt.InlineData(values))


def _at(day: date, hours: int = 0) -> int:
    """Milliseconds, as Vega counts them: local days are drawn as if they were UTC days, so that no zone of the machine moves them."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + hours * 3600) * 1000


def _title(feed_id: str, days: Sequence[Day], newest: date) -> "alt.TitleParams":
    import altair as alt

    governments = list(dict.fromkeys(day.government for day in days))
    of_whom = governments[0] if len(governments) == 1 else f"{len(governments)} governments"
    shown = len({day.service_id for day in days})
    which = f"{shown} of {days[0].services} services, those down longest on top" if shown < days[0].services else "Services down longest on top"
    return alt.TitleParams(
        f"{of_whom} ({feed_id}): {DAYS} days to {newest.day} {newest:%B %Y}",
        subtitle=[
            f"{which}. Days are local; grey is time nobody knows of.",
            "At the right: availability of the known time, and the objective; red where missed.",
        ],
        anchor="start",
    )


def _names(days: Sequence[Day]) -> dict[str, str]:
    """Service to what stands beside its row: its name, with its id where two share a name, with its government where there are several."""
    named = {day.service_id: day for day in days}
    several = len({day.government for day in days}) > 1
    shared = [day.name for day in named.values()]
    return {
        service: day.name + (f" [{service}]" if shared.count(day.name) > 1 else "") + (f", {day.government}" if several else "")
        for service, day in named.items()
    }


def _runs(days: Sequence[Day], rows: Mapping[str, int]) -> list[dict[str, Any]]:
    """Rectangles of what is known, neighbours that look alike in one: from the bottom of a row up, as high as the known share of the day, at least
    a pixel, in a row of its service."""
    found: list[dict[str, Any]] = []
    for day in days:
        if band(day) == UNKNOWN:
            continue
        known_s = day.up_s + day.down_s
        share = known_s / (known_s + day.unknown_s) if day.unknown_s else 1.0
        bottom = _CELL * (rows[day.service_id] + 1) - 1
        cell = {"band": band(day), "top": bottom - max(1, int(share * (_CELL - 1))), "bottom": bottom, "from": _at(day.day), "to": _at(day.day, hours=24)}
        if found and found[-1]["to"] == cell["from"] and all(found[-1][look] == cell[look] for look in ("band", "top", "bottom")):
            found[-1]["to"] = cell["to"]
        else:
            found.append(cell)
    return found


def _missed(day: Day) -> bool:
    return day.availability is not None and day.objective is not None and day.availability < day.objective


def _sum(day: Day) -> str:
    availability = "unknown" if day.availability is None else f"{day.availability:.2%}".replace("%", " %")
    return availability if day.objective is None else f"{availability} of {day.objective * 100:.7g} %"
