"""The things the system knows by name: governments, feeds, services. Plain frozen values; reading them from a file is not done here."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

Network = IPv4Network | IPv6Network


class FeedKind(StrEnum):
    """What a feed brings, and so how it is read. The values are what a settings file may say."""

    SUBMISSION = "submission"
    PUBLISHED_INDEX = "published_index"
    CHECK_LOG = "check_log"
    PROMETHEUS = "prometheus"
    UPTIME_KUMA = "uptime_kuma"
    CKAN = "ckan"
    DATA_JSON = "data_json"


class Product(StrEnum):
    """The room of `assets/` that a feed belongs to."""

    SUBMISSIONS = "submissions"
    UPTIME = "uptime"
    OPEN_DATA = "open_data"


PRODUCT_OF_KIND = {
    FeedKind.SUBMISSION: Product.SUBMISSIONS,
    FeedKind.PUBLISHED_INDEX: Product.SUBMISSIONS,
    FeedKind.CHECK_LOG: Product.UPTIME,
    FeedKind.PROMETHEUS: Product.UPTIME,
    FeedKind.UPTIME_KUMA: Product.UPTIME,
    FeedKind.CKAN: Product.OPEN_DATA,
    FeedKind.DATA_JSON: Product.OPEN_DATA,
}


@dataclass(frozen=True)
class Government:
    """A government by its Ministry of Home Affairs code (`63`, `63.10`: text, never a number) and the IANA zone its days are cut in."""

    code: str
    name: str
    timezone: str


@dataclass(frozen=True)
class Opening:
    """Service hours of a weekday (1: Monday to 7: Sunday), in seconds since midnight on the clock of the service's government."""

    weekday: int
    opens_s: int
    closes_s: int


@dataclass(frozen=True)
class Service:
    """What `[[service]]` says about one monitored service: how the feed calls it (`match`), and how we do. Without `hours`, `objective` or
    `maintenance_cap_s` of its own, those of the feed hold."""

    match: str
    id: str
    name: str | None = None
    agency: str = "-"
    government: str | None = None
    objective: float | None = None
    hours: tuple[Opening, ...] | None = None
    maintenance_cap_s: int | None = None


@dataclass(frozen=True)
class MaintenanceWindow:
    """A row of a feed's maintenance file: when a service (its id, or `*` for all of the feed) is out for maintenance, and when that was announced."""

    service: str
    starts_at: datetime
    ends_at: datetime
    announced_at: datetime
    note: str
    source_row: int


@dataclass(frozen=True)
class Credential:
    """How a live source wants to be asked: `scheme` is `bearer` or `basic`. The secret itself stays in the environment variable that is named here."""

    scheme: str
    variable: str


@dataclass(frozen=True)
class Feed:
    """One source. `path` is a file or a glob of recorded input; `url` a live source; exactly one of them is set. `declared` says where the settings name it
    (file, line, key), for messages. `network`: private addresses that may be connected to; `ca`: certificates of the authorities that its TLS is verified by
    (none: the public ones). `is_inbox`: a folder that many senders share, and that empties. `job` (none: any) and `since_s`, how far back the first run asks,
    are of monitors that are asked for a stretch of time; `vantage` is their label that says from where was checked (none: all checks are from one place).
    `timezone` is that of a log's times that name none (none: UTC). No `hours`: around the clock, holidays too. Announced maintenance counts for
    `maintenance_cap_s` at most, per service and local month; none: without limit. Checks are kept for `keep_checks_s`, 0 being for ever. `incident_after`
    failed checks in a row are an incident; those less than `flapping_s` apart are also counted as one."""

    id: str
    kind: FeedKind
    government: Government
    path: Path | None = None
    url: str | None = None
    allow_loopback: bool = False
    network: Network | None = None
    ca: Path | None = None
    hosts: tuple[str, ...] = ()
    max_hold_s: int = 0
    objective: float | None = None
    services: tuple[Service, ...] = ()
    declared: str = ""
    is_inbox: bool = False
    job: str | None = None
    vantage: str | None = None
    timezone: str | None = None
    since_s: int = 30 * 86400
    credential: Credential | None = None
    maintenance: tuple[MaintenanceWindow, ...] = ()
    maintenance_cap_s: int | None = None
    hours: tuple[Opening, ...] = ()
    incident_after: int = 1
    flapping_s: int = 0
    keep_checks_s: int = 0

    @property
    def product(self) -> Product:
        return PRODUCT_OF_KIND[self.kind]
