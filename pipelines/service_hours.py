"""Reads service hours as a settings file writes them. Public holidays are not known here."""

import re
from itertools import pairwise

from warehouse.registry import Opening

ALWAYS = "always"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PART = re.compile(r"(?P<first>[A-Z][a-z]{2})(?:-(?P<last>[A-Z][a-z]{2}))? (?P<opens>\d\d:[0-5]\d)-(?P<closes>\d\d:[0-5]\d)")
_ACCEPTED = (
    'accepted: days and hours such as "Mon-Fri 08:00-16:00" or "Mon-Thu 08:00-16:00, Fri 08:00-11:30, Fri 13:00-16:30", until 24:00 at most, or "always"'
)


def parse(value: object) -> tuple[Opening, ...]:
    """`Mon-Fri 08:00-16:00` to an opening for each of its days, in the order of the week; none for `always`. Raises ValueError with what is accepted."""
    if value == ALWAYS:
        return ()
    openings: list[Opening] = []
    for part in value.split(",") if isinstance(value, str) else [""]:
        match = _PART.fullmatch(part.strip())
        if match is None or match["first"] not in WEEKDAYS or (match["last"] or match["first"]) not in WEEKDAYS:
            raise ValueError(_ACCEPTED)
        first, last = WEEKDAYS.index(match["first"]), WEEKDAYS.index(match["last"] or match["first"])
        opens_s, closes_s = (_seconds(match[edge]) for edge in ("opens", "closes"))
        if last < first or not opens_s < closes_s <= 86400:
            raise ValueError(f"{part.strip()!r} ends before it begins, or after 24:00; {_ACCEPTED}")
        openings += [Opening(weekday + 1, opens_s, closes_s) for weekday in range(first, last + 1)]
    openings.sort(key=lambda opening: (opening.weekday, opening.opens_s))
    for one, following in pairwise(openings):
        if one.weekday == following.weekday and following.opens_s < one.closes_s:
            raise ValueError(f"hours of {WEEKDAYS[one.weekday - 1]} overlap; {_ACCEPTED}")
    return tuple(openings)


def _seconds(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60
