"""Reads `sources.toml` and the environment, once, into frozen values. Every mistake is one line: file, line, key, what was found, what is accepted."""

import ipaddress
import re
import ssl
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assets.uptime.engine import IN_DUCKDB, Engine
from assets.uptime.spark import Spark
from pipelines import maintenance, service_hours
from warehouse.home import Home
from warehouse.registry import PRODUCT_OF_KIND, Credential, Feed, FeedKind, Government, MaintenanceWindow, Network, Opening, Product, Service

ROOT = Path(__file__).resolve().parent.parent
INBOX = "inbox"
SEVERAL = Government("-", "rows name their own government", "UTC")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
UPTIME_KINDS = tuple(kind for kind, product in PRODUCT_OF_KIND.items() if product is Product.UPTIME)
LONGEST_S = 100 * 365 * 86400  # moments so far from today can still be reckoned with
MOST_FAILED = 1_000_000
LEAST_KEPT_S = 100 * 86400  # a quarter can be reckoned anew as long as its checks are kept
CREDENTIALS = {"bearer": "bearer", "basic_auth": "basic"}  # key of a feed: its scheme
_KEYS_OF_KINDS: dict[str, tuple[tuple[FeedKind, ...], tuple[str, ...]]] = {
    f"uptime feeds ({', '.join(UPTIME_KINDS)})": (
        UPTIME_KINDS,
        ("max_hold", "objective", "hosts", "maintenance", "maintenance_cap", "hours", "incident_after", "flapping", "keep_checks"),
    ),
    f"{FeedKind.CHECK_LOG} feeds": ((FeedKind.CHECK_LOG,), ("timezone",)),
    f"{FeedKind.PROMETHEUS} feeds": ((FeedKind.PROMETHEUS,), ("job", "vantage", "since", *CREDENTIALS)),
}


class SettingsError(ValueError):
    """All mistakes of a settings file, one a line."""


class Environment(BaseSettings):
    """`KESIAPAN_HOME` (default: `var/` in the checkout) and `KESIAPAN_SOURCES` (default: `sources.toml` there, else the samples')."""

    model_config = SettingsConfigDict(env_prefix="KESIAPAN_")

    home: Path = ROOT / "var"
    sources: Path | None = None


@dataclass(frozen=True)
class Settings:
    home: Home
    sources: Path
    governments: tuple[Government, ...]
    feeds: tuple[Feed, ...]
    engine: Engine = IN_DUCKDB

    def of(self, product: Product) -> tuple[Feed, ...]:
        return tuple(feed for feed in self.feeds if feed.product is product)


class Sources(NamedTuple):
    """What a settings file says."""

    governments: tuple[Government, ...]
    feeds: tuple[Feed, ...]
    engine: Engine


def load() -> Settings:
    """The settings this process runs by."""
    environment = Environment()
    home = Home(environment.home.resolve())
    own = home.root / "sources.toml"
    sources = environment.sources or (own if own.exists() else ROOT / "samples" / "sources.toml")
    governments, feeds, engine = read_sources(sources)
    inbox = Feed(INBOX, FeedKind.SUBMISSION, SEVERAL, path=home.inbox / "*", is_inbox=True)
    return Settings(home, sources, governments, (*feeds, inbox), engine)


def _duration(value: object) -> int:
    """`26h`, `90m`, `30s` to seconds."""
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,10})([smhd])", value)):
        seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
        if seconds <= LONGEST_S:
            return seconds
    raise ValueError(f"accepted: a whole number with its unit, such as 90s, 5m, 26h, 2d, up to {LONGEST_S // 86400}d")


def _hold(value: object) -> int:
    if seconds := _duration(value):
        return seconds
    raise ValueError("accepted: how long a check speaks for, such as 26h; after no time at all everything would be unknown")


def _vantage(value: object) -> object:
    """A label of Prometheus; `instance` says what was probed, not from where."""
    if isinstance(value, str) and re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", value) and value not in ("instance", "__name__"):
        return value
    raise ValueError('accepted: the label that says from where was probed, letters, digits and _, such as "prober" or "location", but not "instance"')


def _network(value: object) -> object:
    """Addresses that only one's own network reaches: what is public needs no leave."""
    try:
        network = ipaddress.ip_network(value) if isinstance(value, str) and "/" in value else None
    except ValueError:
        network = None
    if network is None or network.is_global or network.is_multicast:
        raise ValueError('accepted: the private addresses that may be asked, such as "10.20.0.0/16"')
    return network


def _kept(value: object) -> int:
    seconds = _duration(value)
    if seconds < LEAST_KEPT_S:
        raise ValueError(f"accepted: {LEAST_KEPT_S // 86400}d or more, since a quarter may have to be reckoned anew; without the key all checks are kept")
    return seconds


Duration = Annotated[int, BeforeValidator(_duration)]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}(\.[0-9]{2})?$")]
Hours = Annotated[tuple[Opening, ...], BeforeValidator(service_hours.parse)]
Objective = Annotated[float, Field(gt=0, lt=1)]
Variable = Annotated[str, StringConstraints(pattern=r"^env:[A-Za-z_][A-Za-z0-9_]*$")]
Master = Annotated[str, StringConstraints(pattern=r"^spark://[^\s:/,]+:[0-9]{1,5}(,[^\s:/,]+:[0-9]{1,5})*$")]
Host = Annotated[str, StringConstraints(pattern=r"^\.?[a-z0-9-]+(\.[a-z0-9-]+)*$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Government(_Entry):
    code: Code
    name: Annotated[str, StringConstraints(min_length=1)]
    timezone: str


class _Feed(_Entry):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: Literal["submission", "published_index", "check_log", "prometheus", "uptime_kuma", "ckan", "data_json"]
    government: Code
    path: str | None = None
    url: str | None = None
    allow_loopback: bool = False
    network: Annotated[Network, BeforeValidator(_network)] | None = None
    ca: Annotated[str, StringConstraints(min_length=1)] | None = None
    hosts: list[Host] = []
    max_hold: Annotated[int, BeforeValidator(_hold)] | None = None
    objective: Objective | None = None
    job: Annotated[str, StringConstraints(min_length=1)] | None = None
    vantage: Annotated[str, BeforeValidator(_vantage)] | None = None
    timezone: str | None = None
    since: Duration | None = None
    bearer: Variable | None = None
    basic_auth: Variable | None = None
    maintenance: Annotated[str, StringConstraints(min_length=1)] | None = None
    maintenance_cap: Duration | None = None
    hours: Hours | None = None
    incident_after: Annotated[int, Field(ge=1, le=MOST_FAILED)] | None = None
    flapping: Duration | None = None
    keep_checks: Annotated[int, BeforeValidator(_kept)] | None = None


class _Service(_Entry):
    feed: str
    match: str
    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    name: str | None = None
    agency: str = "-"
    government: Code | None = None
    objective: Objective | None = None
    hours: Hours | None = None
    maintenance_cap: Duration | None = None


class _RollUp(_Entry):
    engine: Literal["duckdb", "spark"] = "duckdb"
    master: Master | None = None


_ENTRIES: dict[str, type[_Entry]] = {"government": _Government, "feed": _Feed, "service": _Service}
_ROLL_UP = "roll_up"  # the one table that stands once
_ACCEPTED = {
    "code": 'a Kemendagri code as text, such as "63" or "63.10"',
    "government": 'a Kemendagri code as text, such as "63" or "63.10"',
    "id": "lower-case letters, digits and _, a letter first",
    "objective": "a share between 0 and 1, such as 0.99",
    "hosts": 'a list of host names in lower case, such as [".go.id"], which is any host below go.id',
    "ca": 'a PEM file of the authorities that certified the source, relative to this file, such as "ca.pem"',
    "maintenance": 'a CSV file of announced windows, relative to this file, such as "maintenance.csv"',
    "incident_after": f"how many checks in a row must fail, a whole number from 1 to {MOST_FAILED}",
    "job": "the label that Prometheus gives the prober's scrapes, as text",
    "bearer": '"env:NAME", the environment variable that holds the token',
    "basic_auth": '"env:NAME", the environment variable that holds user:password',
    "master": 'where the Spark cluster\'s master listens, such as "spark://host:7077"',
}


def read_sources(path: Path) -> Sources:
    """Paths in a settings file are relative to it. Raises `SettingsError` with every mistake found. What `env:NAME` names
    stays in the environment: whoever asks the source looks there."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Notepad marks UTF-8 at the beginning
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); KESIAPAN_SOURCES must name a settings file") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 (byte {error.start + 1}); accepted: TOML, which is always UTF-8") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from error
    places = _Places(path, text)
    mistakes: list[str] = [
        f"{places.top(key)}: {key}: unknown table; accepted: [[government]], [[feed]], [[service]], [{_ROLL_UP}]"
        for key in document
        if key not in (*_ENTRIES, _ROLL_UP)
    ]
    if not document.get("government"):
        mistakes.append(f"{places.top('government')}: government: is missing; accepted: a [[government]] at least; samples/sources.toml is an example")
    entries: dict[str, list[tuple[int, Any]]] = {}
    for table, model in _ENTRIES.items():
        listed = document.get(table, [])
        if not isinstance(listed, list):
            mistakes.append(f"{places.top(table)}: {table}: must be written [[{table}]]")
            listed = []
        entries[table] = []
        for index, values in enumerate(listed):
            try:
                entries[table].append((index, model.model_validate(values)))
            except ValidationError as error:
                mistakes += _mistakes_of(error, places, table, index, model)
    mistakes += _inconsistencies(document, entries, places, path.parent)
    engine, found = _engine(document, places)
    mistakes += found
    governments = {entry.code: Government(entry.code, entry.name, entry.timezone) for _, entry in entries["government"]}
    services = [service for _, service in entries["service"]]
    windows: dict[int, list[MaintenanceWindow]] = {}
    if not mistakes:  # a row's times may be in the zone of a government: with a mistake in that, the row cannot be read
        for index, entry in entries["feed"]:
            windows[index], unread = _maintenance(entry, governments, services, path.parent)
            mistakes += [f"{places.key('feed', index, 'maintenance')}: {mistake}" for mistake in unread]
    if mistakes:
        raise SettingsError("\n".join(sorted(mistakes, key=_by_line)))
    feeds = tuple(
        _feed(entry, governments, services, windows[index], path.parent, places.key("feed", index, "path" if entry.path else "url"))
        for index, entry in entries["feed"]
    )
    return Sources(tuple(governments.values()), feeds, engine)


def _engine(document: dict[str, Any], places: "_Places") -> tuple[Engine, list[str]]:
    written = document.get(_ROLL_UP, {})
    if not isinstance(written, dict):
        return IN_DUCKDB, [f"{places.top(_ROLL_UP)}: {_ROLL_UP}: must be written [{_ROLL_UP}]"]
    try:
        entry = _RollUp.model_validate(written)
    except ValidationError as error:
        return IN_DUCKDB, list(_mistakes_of(error, places, _ROLL_UP, 0, _RollUp))
    if (entry.engine == "spark") != (entry.master is not None):
        said = "is missing; accepted: " + _ACCEPTED["master"] if entry.master is None else 'belongs to engine = "spark"'
        return IN_DUCKDB, [f"{places.key(_ROLL_UP, 0, 'master')}: {said}"]
    return (IN_DUCKDB if entry.master is None else Spark(entry.master)), []


def _feed(entry: _Feed, governments: dict[str, Government], services: list[_Service], windows: list[MaintenanceWindow], folder: Path, declared: str) -> Feed:
    return Feed(
        id=entry.id,
        kind=FeedKind(entry.kind),
        government=governments[entry.government],
        path=None if entry.path is None else folder / entry.path,
        url=entry.url,
        allow_loopback=entry.allow_loopback,
        network=entry.network,
        ca=None if entry.ca is None else folder / entry.ca,
        hosts=tuple(entry.hosts),
        max_hold_s=entry.max_hold or 0,
        objective=entry.objective,
        services=tuple(
            Service(service.match, service.id, service.name, service.agency, service.government, service.objective, service.hours, service.maintenance_cap)
            for service in services
            if service.feed == entry.id
        ),
        declared=declared,
        job=entry.job,
        vantage=entry.vantage,
        timezone=entry.timezone,
        since_s=entry.since or Feed.since_s,
        credential=next(_credentials(entry), None),
        maintenance=tuple(windows),
        maintenance_cap_s=entry.maintenance_cap,
        hours=entry.hours or (),
        incident_after=entry.incident_after or 1,
        flapping_s=entry.flapping or 0,
        keep_checks_s=entry.keep_checks or 0,
    )


def _maintenance(entry: _Feed, governments: dict[str, Government], services: list[_Service], folder: Path) -> tuple[list[MaintenanceWindow], list[str]]:
    if entry.maintenance is None:
        return [], []
    elsewhere = {service.id: service.government for service in services if service.feed == entry.id and service.government is not None}
    return maintenance.read(folder / entry.maintenance, lambda service: governments[elsewhere.get(service, entry.government)].timezone)


def _credentials(entry: _Feed) -> Iterator[Credential]:
    for key, scheme in CREDENTIALS.items():
        if written := getattr(entry, key):
            yield Credential(scheme, written.removeprefix("env:"))


def _mistakes_of(error: ValidationError, places: "_Places", table: str, index: int, model: type[_Entry]) -> Iterator[str]:
    for detail in error.errors():
        key = str(detail["loc"][0]) if detail["loc"] else ""
        where = f"{places.of(table, index, key)}: {table}.{key}"
        found = "what stands there" if key in CREDENTIALS else repr(detail.get("input"))  # it may be the secret itself
        match detail["type"]:
            case "extra_forbidden":
                yield f"{where}: unknown key; accepted: {', '.join(model.model_fields)}"
            case "missing":
                yield f"{where}: is missing; accepted: {_ACCEPTED.get(key, 'text')}"
            case "literal_error":
                yield f"{where}: {found} is not accepted; accepted: {detail['ctx']['expected']}"
            case "value_error":
                yield f"{where}: {found} is not accepted; {detail['ctx']['error']!s}"
            case _:
                yield f"{where}: {found} is not accepted; accepted: {_ACCEPTED.get(key, detail['msg'])}"


def _by_line(mistake: str) -> tuple[int, str]:
    found = re.search(r":(\d+): ", mistake)
    return (int(found[1]) if found else 0, mistake)


def _listed(document: dict[str, Any], table: str) -> list[dict[str, Any]]:
    listed = document.get(table, [])
    return [entry for entry in (listed if isinstance(listed, list) else [listed]) if isinstance(entry, dict)]


def _inconsistencies(document: dict[str, Any], entries: dict[str, list[tuple[int, Any]]], places: "_Places", folder: Path) -> Iterator[str]:
    codes = {entry.code for _, entry in entries["government"]}
    whole = len(entries["government"]) == len(_listed(document, "government"))  # else what has no government may only refer to one with a mistake in it
    zones = available_timezones()
    yield from _duplicates(entries["government"], "government", "code", places)
    yield from _duplicates(entries["feed"], "feed", "id", places)
    for table in ("government", "feed"):
        for index, entry in entries[table]:
            if entry.timezone is not None and entry.timezone not in zones:
                yield f"{places.key(table, index, 'timezone')}: {entry.timezone!r} is no time zone; accepted: IANA names such as Asia/Makassar"
    for index, entry in entries["feed"]:
        at = partial(places.key, "feed", index)
        yield from _feed_mistakes(entry, codes if whole else None, at)
        yield from _source_mistakes(entry, folder, at)
        if entry.bearer and entry.basic_auth:
            yield f"{at('basic_auth')}: give either bearer or basic_auth"
    unreadable = {str(feed.get("id")) for feed in _listed(document, "feed")} - {entry.id for _, entry in entries["feed"]}
    uptime = sorted(entry.id for _, entry in entries["feed"] if entry.kind in UPTIME_KINDS)
    yield from _matched_twice(entries["service"], places)
    for index, entry in entries["service"]:
        if entry.feed not in uptime and entry.feed not in unreadable:
            where = f"{places.of('service', index, 'feed')}: service.feed"
            yield f"{where}: {entry.feed!r} is no uptime feed of this file; accepted: {', '.join(uptime) or 'none yet'}"
        if whole and entry.government is not None and entry.government not in codes:
            yield f"{places.of('service', index, 'government')}: service.government: {entry.government!r} has no [[government]] in this file"


def _feed_mistakes(entry: _Feed, codes: set[str] | None, at: Callable[[str], str]) -> Iterator[str]:
    if entry.id == INBOX:
        yield f"{at('id')}: 'inbox' is the name of the inbox folder's own feed; choose another"
    if codes is not None and entry.government not in codes:
        yield f"{at('government')}: {entry.government!r} has no [[government]] in this file; accepted: {', '.join(sorted(codes)) or 'none yet'}"
    if (entry.path is None) == (entry.url is None):
        yield f"{at('path')}: give either path (recorded input) or url (a live source)"
    if entry.url is not None:
        yield from _bad_url(at("url"), entry.url, entry)
    if entry.url is not None and FeedKind(entry.kind) is FeedKind.UPTIME_KUMA:
        yield f'{at("url")}: {FeedKind.UPTIME_KUMA} feeds are read from the database file, not from an address; accepted: path, such as "kuma.db"'
    if entry.kind in UPTIME_KINDS and entry.max_hold is None:
        yield f"{at('max_hold')}: is missing; accepted: how long a check speaks for, such as 26h"
    for feeds, (kinds, keys) in _KEYS_OF_KINDS.items():
        if entry.kind not in kinds:
            yield from (f"{at(key)}: belongs to {feeds}, this one is {entry.kind}" for key in keys if key in entry.model_fields_set)


def _may_be_in(network: Network | None, host: str | None) -> bool:
    """Where a name leads is seen when it is asked."""
    if network is None or host is None:
        return False
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return True


def _source_mistakes(entry: _Feed, folder: Path, at: Callable[[str], str]) -> Iterator[str]:
    """Of what only a live source has."""
    for key in ("network", "ca"):
        if entry.url is None and getattr(entry, key) is not None:
            yield f"{at(key)}: belongs to live sources, which have a url"
    if entry.ca is not None:
        try:
            ssl.create_default_context(cafile=folder / entry.ca)
        except OSError as error:  # ssl.SSLError is one
            yield f"{at('ca')}: {entry.ca!r} cannot be read ({error.strerror or error}); accepted: {_ACCEPTED['ca']}"
    address = _address(entry.url or "")
    for key in CREDENTIALS:
        if getattr(entry, key) and address is not None and address.scheme == "http" and address.hostname not in LOOPBACK:
            yield f"{at(key)}: a secret is not sent in the clear; accepted: with an https address"


def _duplicates(entries: list[tuple[int, Any]], table: str, key: str, places: "_Places") -> Iterator[str]:
    first: dict[str, int] = {}
    for index, entry in entries:
        value = getattr(entry, key)
        if value in first:
            line = places.line(table, first[value], key)
            yield f"{places.of(table, index, key)}: {table}.{key}: {value!r} is there already (line {line}); each may stand once"
        first.setdefault(value, index)


def _matched_twice(entries: list[tuple[int, _Service]], places: "_Places") -> Iterator[str]:
    """What a check says would count for both."""
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for index, entry in entries:
        earlier, known = first.setdefault((entry.feed, entry.match), (index, entry.id))
        if earlier != index:
            line = places.line("service", earlier, "match")
            there = f"{entry.match!r} of feed {entry.feed} is service {known!r} already (line {line}) and cannot be {entry.id!r} too"
            yield f"{places.key('service', index, 'match')}: {there}; accepted: each name once"


def _address(url: str) -> SplitResult | None:
    """None, if it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # is looked at only when it is asked for
    except ValueError:
        return None
    return parts


def _bad_url(where: str, url: str, entry: _Feed) -> Iterator[str]:
    parts = _address(url)
    if parts is None:
        yield f"{where}: {url.rpartition('@')[2]!r} is no address; accepted: such as https://data.example.go.id or https://[fd00::7]:9090"
        return
    local = (entry.allow_loopback and parts.hostname in LOOPBACK) or _may_be_in(entry.network, parts.hostname)
    if parts.hostname is None or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        clear = 'http on this machine with allow_loopback = true, http in a private network with network = "10.20.0.0/16"'
        yield f"{where}: {shown!r} is not accepted; accepted: https addresses ({clear})"
    if parts.password is not None:
        yield f"{where}: a password must not stand in an address"


class _Places:
    """Where a key stands in the file: the TOML parser does not say."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines: dict[tuple[str, int, str], int] = {}
        self._top: dict[str, int] = {}
        table, index = "", -1
        counts: dict[str, int] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if match := re.match(r"\s*\[\[?\s*([\w-]+)\s*\]\]?", line):
                table = match[1]
                index = counts[table] = counts.get(table, -1) + 1
                self._lines[table, index, ""] = number
                self._top.setdefault(table, number)
            elif match := re.match(r"\s*([\w-]+)\s*=", line):
                self._lines.setdefault((table, index, match[1]), number)
                if not table:
                    self._top.setdefault(match[1], number)

    def line(self, table: str, index: int, key: str) -> int:
        return self._lines.get((table, index, key), self._lines.get((table, index, ""), 1))

    def of(self, table: str, index: int, key: str) -> str:
        return f"{self._path}:{self.line(table, index, key)}"

    def key(self, table: str, index: int, key: str) -> str:
        return f"{self.of(table, index, key)}: {table}.{key}"

    def top(self, key: str) -> str:
        return f"{self._path}:{self._top.get(key, 1)}"
