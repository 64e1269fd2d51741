"""Public holidays of Indonesia, on which services with hours are closed. Joint leave (cuti bersama) is not among them."""

from collections.abc import Iterable
from datetime import date

from warehouse.registry import Feed


def are_needed(feed: Feed) -> bool:
    return bool(feed.hours) or any(service.hours for service in feed.services)


def public_holidays(years: Iterable[int]) -> list[tuple[date, str]]:
    """Days and their Indonesian names, by the `holidays` library; of years to come the lunar ones are estimated, and say so."""
    import holidays

    return sorted(holidays.country_holidays("ID", years=years, language="id").items())
