"""Reads a feed's maintenance file: announced windows, one a row. Which of them count is not decided here."""

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from warehouse.registry import MaintenanceWindow

COLUMNS = ("service", "starts_at", "ends_at", "announced_at", "note")
_TIMES = ("starts_at", "ends_at", "announced_at")
_ACCEPTED_TIME = "ISO 8601 such as 2026-10-24T22:00 (in the government's own zone) or 2026-10-24T22:00+08:00"


def read(path: Path, zone_of: Callable[[str], str]) -> tuple[list[MaintenanceWindow], list[str]]:
    """The windows of a CSV file (UTF-8, comma, header row) and its mistakes, each with the row it is in, the header being row 1. `zone_of` gives the
    zone of a service's government, for times that name none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return [], [f"{path}: cannot be read ({error.strerror}); accepted: a CSV file with columns {', '.join(COLUMNS)}"]
    except UnicodeDecodeError as error:
        return [], [f"{path}: is not UTF-8 (byte {error.start + 1}); accepted: CSV in UTF-8 with columns {', '.join(COLUMNS)}"]
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        return [], [f"{path}: is not CSV ({error}); accepted: comma between cells, columns {', '.join(COLUMNS)}"]
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if sorted(header) not in (sorted(COLUMNS), sorted(COLUMNS[:-1])):
        return [], [f"{path} row 1: columns {', '.join(header) or 'none'} are not accepted; accepted: {', '.join(COLUMNS[:-1])} and, if wanted, note"]
    windows, mistakes = [], []
    for number, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            mistakes.append(f"{path} row {number}: has {len(cells)} cells, the header {len(header)}; accepted: a cell for each column")
            continue
        row = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
        found = list(_mistakes_of(row))
        if found:
            mistakes += [f"{path} row {number}: {mistake}" for mistake in found]
            continue
        starts_at, ends_at, announced_at = (_time(row[column], zone_of(row["service"])) for column in _TIMES)
        if ends_at <= starts_at:
            mistakes.append(f"{path} row {number}: ends_at: {row['ends_at']!r} is not after starts_at {row['starts_at']!r}; accepted: a later time")
            continue
        windows.append(MaintenanceWindow(row["service"], starts_at, ends_at, announced_at, row.get("note", ""), number))
    return windows, mistakes


def _mistakes_of(row: dict[str, str]) -> Iterator[str]:
    if not row["service"]:
        yield "service: is missing; accepted: a service id, or * for all of the feed"
    for column in _TIMES:
        try:
            known = 1990 <= datetime.fromisoformat(row[column]).year < 2200
        except ValueError:
            known = False
        if not known:
            yield f"{column}: {row[column]!r} is not accepted; accepted: {_ACCEPTED_TIME}"


def _time(text: str, zone: str) -> datetime:
    """To the second, in UTC."""
    said = datetime.fromisoformat(text).replace(microsecond=0)
    return (said if said.tzinfo else said.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
