"""Settings files: a good one is read into frozen values, a mistake is one line that says where it is, what was found and what is accepted."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from assets.arrival import arrive
from assets.uptime.engine import IN_DUCKDB, Engine
from assets.uptime.spark import Spark
from pipelines.settings import SettingsError, read_sources
from tests.conftest import ROOT
from tests.monitor import certificate_until
from warehouse.archive import Archive
from warehouse.registry import Credential, Feed, FeedKind, Government, MaintenanceWindow, Opening, Service

SAMPLES = ROOT / "samples" / "sources.toml"
# Line numbers count from here: 1 is `[[government]]`.
GOOD = """\
[[government]]
code = "63"
name = "Provinsi Kalimantan Selatan"
timezone = "Asia/Makassar"

[[feed]]
id = "checks"
kind = "check_log"
government = "63"
path = "checks.csv"
hosts = [".go.id"]
max_hold = "26h"
objective = 0.99

[[service]]
feed = "more_checks"
match = "dinkes"
id = "dinkes"
agency = "002"

[[feed]]
id = "catalogue"
kind = "ckan"
government = "63"
url = "https://data.example.go.id"

[[feed]]
id = "more_checks"
kind = "check_log"
government = "63"
path = "more_*.csv"
max_hold = "2d"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "sources.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read_sources(write(folder, text))
    return str(caught.value).splitlines()


def test_the_settings_of_the_samples_are_good() -> None:
    governments, feeds, _ = read_sources(SAMPLES)
    assert {one.code: one.timezone for one in governments} == {
        "63": "Asia/Makassar",
        "61": "Asia/Pontianak",
        "51.71": "Asia/Makassar",
        "16.03": "Asia/Jakarta",
        "00": "Etc/UTC",
    }
    kinds = {feed.id: feed.kind for feed in feeds}
    assert kinds == {
        "denpasar_spbe": FeedKind.SUBMISSION,
        "spbe_published": FeedKind.PUBLISHED_INDEX,
        "kalbar_checks": FeedKind.CHECK_LOG,
        "muaraenim_catalogue": FeedKind.CKAN,
        "cftc_catalogue": FeedKind.DATA_JSON,
    }
    for feed in feeds:
        assert feed.path is not None
        assert sorted(feed.path.parent.glob(feed.path.name)), f"{feed.id}: the sample is not there"
        file, line, key = feed.declared.split(":")
        assert (file, key) == (str(SAMPLES), " feed.path")
        assert SAMPLES.read_text(encoding="utf-8").splitlines()[int(line) - 1].startswith('path = "')


def test_a_feed_is_read_with_its_services(tmp_path: Path) -> None:
    governments, feeds, _ = read_sources(write(tmp_path, GOOD))
    kalsel = Government("63", "Provinsi Kalimantan Selatan", "Asia/Makassar")
    path = tmp_path / "sources.toml"
    assert governments == (kalsel,)
    assert feeds == (
        Feed(
            "checks",
            FeedKind.CHECK_LOG,
            kalsel,
            path=tmp_path / "checks.csv",
            hosts=(".go.id",),
            max_hold_s=26 * 3600,
            objective=0.99,
            declared=f"{path}:10: feed.path",
        ),
        Feed("catalogue", FeedKind.CKAN, kalsel, url="https://data.example.go.id", declared=f"{path}:25: feed.url"),
        Feed(
            "more_checks",
            FeedKind.CHECK_LOG,
            kalsel,
            path=tmp_path / "more_*.csv",
            max_hold_s=2 * 86400,
            services=(Service("dinkes", "dinkes", agency="002"),),
            declared=f"{path}:31: feed.path",
        ),
    )


@pytest.mark.parametrize(("written", "seconds"), [("90s", 90), ("5m", 300), ("26h", 93600), ("2d", 172800)])
def test_durations_are_written_with_their_unit(tmp_path: Path, written: str, seconds: int) -> None:
    feeds = read_sources(write(tmp_path, GOOD.replace('"26h"', f'"{written}"'))).feeds
    assert feeds[0].max_hold_s == seconds


def test_a_service_may_have_other_hours_than_its_feed(tmp_path: Path) -> None:
    text = GOOD.replace('agency = "002"', 'hours = "always"').replace('max_hold = "2d"', 'max_hold = "2d"\nhours = "Mon-Tue 08:00-16:00"')
    feeds = read_sources(write(tmp_path, text)).feeds
    assert feeds[2].hours == (Opening(1, 28800, 57600), Opening(2, 28800, 57600))
    assert (feeds[2].services[0].hours, feeds[0].hours) == ((), ())


def test_what_an_incident_is_can_be_set(tmp_path: Path) -> None:
    feeds = read_sources(write(tmp_path, GOOD.replace('max_hold = "2d"', 'max_hold = "2d"\nincident_after = 3\nflapping = "5m"\nkeep_checks = "730d"'))).feeds
    assert [(feed.incident_after, feed.flapping_s, feed.keep_checks_s) for feed in feeds] == [(1, 0, 0), (1, 0, 0), (3, 300, 730 * 86400)]


def test_a_service_may_have_another_cap_on_maintenance_than_its_feed(tmp_path: Path) -> None:
    text = GOOD.replace('agency = "002"', 'maintenance_cap = "0h"').replace('max_hold = "2d"', 'max_hold = "2d"\nmaintenance_cap = "8h"')
    feeds = read_sources(write(tmp_path, text)).feeds
    assert [feed.maintenance_cap_s for feed in feeds] == [None, None, 8 * 3600]
    assert feeds[2].services[0].maintenance_cap_s == 0


PROMETHEUS = GOOD.replace('"ckan"', '"prometheus"\nmax_hold = "150s"')


def test_the_label_that_names_the_vantage_can_be_set(tmp_path: Path) -> None:
    feeds = read_sources(write(tmp_path, PROMETHEUS.replace('max_hold = "150s"', 'max_hold = "150s"\nvantage = "prober"'))).feeds
    assert [feed.vantage for feed in feeds] == [None, "prober", None]


@pytest.mark.parametrize("label", ["", "dari mana", "instance", "__name__", "1st"])
def test_a_vantage_that_is_no_label_of_a_prober_is_a_mistake(tmp_path: Path, label: str) -> None:
    (found,) = mistakes(tmp_path, PROMETHEUS.replace('max_hold = "150s"', f'max_hold = "150s"\nvantage = "{label}"'))
    accepted = 'the label that says from where was probed, letters, digits and _, such as "prober" or "location", but not "instance"'
    assert found == f"{tmp_path / 'sources.toml'}:25: feed.vantage: {label!r} is not accepted; accepted: {accepted}"


def test_only_a_prometheus_names_its_vantages_by_a_label(tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, GOOD.replace('max_hold = "26h"', 'max_hold = "26h"\nvantage = "prober"'))
    assert found == f"{tmp_path / 'sources.toml'}:13: feed.vantage: belongs to prometheus feeds, this one is check_log"


@pytest.mark.parametrize("address", ["http://127.0.0.1:9090/api", "http://localhost:9090", "http://[::1]:9090"])
def test_a_monitor_on_this_machine_may_be_read_without_tls_when_allowed(tmp_path: Path, address: str) -> None:
    feeds = read_sources(write(tmp_path, GOOD.replace('"https://data.example.go.id"', f'"{address}"\nallow_loopback = true'))).feeds
    assert (feeds[1].url, feeds[1].allow_loopback) == (address, True)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("http://10.20.0.7:9090", "10.20.0.0/16"),
        ("http://prometheus.internal:9090", "10.20.0.0/16"),
        ("https://prometheus.internal", "10.20.0.7/32"),
        ("http://[fd00::7]:9090", "fd00::/8"),
    ],
)
def test_a_source_in_a_network_of_ones_own_may_be_read_and_without_tls(tmp_path: Path, address: str, network: str) -> None:
    feeds = read_sources(write(tmp_path, GOOD.replace('"https://data.example.go.id"', f'"{address}"\nnetwork = "{network}"'))).feeds
    assert (feeds[1].url, feeds[1].network) == (address, ip_network(network))


def test_a_source_may_be_certified_by_ones_own_authority(tmp_path: Path) -> None:
    certificate = certificate_until(tmp_path, datetime(2027, 1, 1, tzinfo=UTC))
    feeds = read_sources(write(tmp_path, GOOD.replace('kind = "ckan"', f'kind = "ckan"\nca = "{certificate.name}"'))).feeds
    assert feeds[1].ca == certificate


def test_a_secret_is_not_sent_in_the_clear(tmp_path: Path) -> None:
    written = PROMETHEUS.replace('"https://data.example.go.id"', '"http://10.20.0.7:9090"\nnetwork = "10.20.0.0/16"\nbearer = "env:HOME"', 1)
    (found,) = mistakes(tmp_path, written)
    assert re.search(r":\d+: feed.bearer: a secret is not sent in the clear; accepted: with an https address$", found)


# What to replace in the good file, by what; the line and key that the message must name; what it must say is accepted or found.
MISTAKES: dict[str, tuple[str, str, int, str, tuple[str, ...]]] = {
    "unknown kind": (
        'kind = "ckan"',
        'kind = "ckann"',
        23,
        "feed.kind",
        ("'ckann'", "'submission'", "'check_log'", "'prometheus'", "'uptime_kuma'", "'ckan'", "'data_json'"),
    ),
    "unknown key": ('path = "checks.csv"', 'path = "checks.csv"\nfile = "x"', 11, "feed.file", ("unknown key", "path", "max_hold", "url")),
    "code as a number": ('government = "63"\npath', "government = 63.1\npath", 9, "feed.government", ("63.1", "as text", '"63.10"')),
    "code without its zero": ('government = "63"\npath', 'government = "63.1"\npath', 9, "feed.government", ("'63.1'", '"63.10"')),
    "no such government": ('government = "63"\npath', 'government = "64"\npath', 9, "feed.government", ("'64'", "accepted: 63")),
    "feed twice": ('id = "catalogue"', 'id = "checks"', 22, "feed.id", ("'checks' is there already", "line 7")),
    "government twice": (
        '[[feed]]\nid = "checks"',
        '[[government]]\ncode = "63"\nname = "Kalsel"\ntimezone = "Asia/Makassar"\n\n[[feed]]\nid = "checks"',
        7,
        "government.code",
        ("'63' is there already", "line 2"),
    ),
    "bad id": ('id = "catalogue"', 'id = "Katalog-1"', 22, "feed.id", ("'Katalog-1'", "lower-case letters")),
    "the inbox's own name": ('id = "catalogue"', 'id = "inbox"', 22, "feed.id", ("inbox", "choose another")),
    "missing key": ('kind = "ckan"\n', "", 21, "feed.kind", ("is missing", "accepted:")),
    "missing max_hold": ('max_hold = "26h"\n', "", 6, "feed.max_hold", ("is missing", "26h")),
    "duration without a unit": ('"26h"', '"26"', 12, "feed.max_hold", ("'26'", "26h")),
    "duration as a number": ('"26h"', "26", 12, "feed.max_hold", ("26", "26h")),
    "unknown zone": ("Asia/Makassar", "Asia/Banjarmasin", 4, "government.timezone", ("'Asia/Banjarmasin'", "Asia/Makassar")),
    "objective in per cent": ("0.99", "99.0", 13, "feed.objective", ("99.0", "between 0 and 1")),
    "objective of 1": ("0.99", "1.0", 13, "feed.objective", ("1.0", "between 0 and 1")),
    "objective of 0": ("0.99", "0.0", 13, "feed.objective", ("0.0", "between 0 and 1")),
    "objective as text": ("0.99", '"0.99"', 13, "feed.objective", ("'0.99'", "between 0 and 1")),
    "host with a star": ('".go.id"', '"*.go.id"', 11, "feed.hosts", ("*.go.id", "any host below")),
    "http": ("https://", "http://", 25, "feed.url", ("'http://data.example.go.id'", "https", "allow_loopback = true")),
    "http on this machine, not allowed": ("https://data.example.go.id", "http://127.0.0.1:9090", 25, "feed.url", ("127.0.0.1", "allow_loopback = true")),
    "http elsewhere, loopback allowed": (
        '"https://data.example.go.id"',
        '"http://data.example.go.id"\nallow_loopback = true',
        25,
        "feed.url",
        ("http://data.example.go.id", "https"),
    ),
    "http elsewhere than in the network": (
        '"https://data.example.go.id"',
        '"http://10.21.0.7"\nnetwork = "10.20.0.0/16"',
        25,
        "feed.url",
        ("http://10.21.0.7", "https", 'network = "10.20.0.0/16"'),
    ),
    "network of everybody": ('kind = "ckan"', 'kind = "ckan"\nnetwork = "0.0.0.0/0"', 24, "feed.network", ("'0.0.0.0/0'", "10.20.0.0/16")),
    "network that is public": ('kind = "ckan"', 'kind = "ckan"\nnetwork = "8.8.8.0/24"', 24, "feed.network", ("'8.8.8.0/24'", "private")),
    "network as a name": ('kind = "ckan"', 'kind = "ckan"\nnetwork = "lan"', 24, "feed.network", ("'lan'", "10.20.0.0/16")),
    "network as an address in it": ('kind = "ckan"', 'kind = "ckan"\nnetwork = "10.20.0.7/16"', 24, "feed.network", ("'10.20.0.7/16'", "10.20.0.0/16")),
    "network of recorded input": ('path = "checks.csv"', 'path = "checks.csv"\nnetwork = "10.20.0.0/16"', 11, "feed.network", ("live sources", "url")),
    "authority that is not there": ('kind = "ckan"', 'kind = "ckan"\nca = "ca.pem"', 24, "feed.ca", ("'ca.pem'", "No such file", "PEM")),
    "authority that is none": ('kind = "ckan"', 'kind = "ckan"\nca = "sources.toml"', 24, "feed.ca", ("'sources.toml'", "PEM")),
    "no scheme": ("https://data.example.go.id", "data.example.go.id", 25, "feed.url", ("data.example.go.id", "https")),
    "file address": ("https://data.example.go.id", "file:///etc/passwd", 25, "feed.url", ("file:///etc/passwd", "https")),
    "password in the address": ("https://data", "https://admin:rahasia@data", 25, "feed.url", ("password",)),
    "path and url": ('path = "checks.csv"', 'path = "checks.csv"\nurl = "https://data.example.go.id"', 10, "feed.path", ("either path", "or url")),
    "neither path nor url": ('path = "checks.csv"\n', "", 6, "feed.path", ("either path", "or url")),
    "what belongs to another kind": ('kind = "ckan"', 'kind = "ckan"\nmax_hold = "1h"', 24, "feed.max_hold", ("belongs to uptime feeds", "ckan")),
    "maintenance of another kind": ('kind = "ckan"', 'kind = "ckan"\nmaintenance = "m.csv"', 24, "feed.maintenance", ("belongs to uptime feeds", "ckan")),
    "maintenance file that is not there": (
        'max_hold = "26h"',
        'max_hold = "26h"\nmaintenance = "m.csv"',
        13,
        "feed.maintenance",
        ("m.csv", "cannot be read", "announced_at"),
    ),
    "cap of another kind": ('kind = "ckan"', 'kind = "ckan"\nmaintenance_cap = "0h"', 24, "feed.maintenance_cap", ("belongs to uptime feeds", "ckan")),
    "cap as a number": ('max_hold = "26h"', 'max_hold = "26h"\nmaintenance_cap = 8', 13, "feed.maintenance_cap", ("8 is not accepted", "26h")),
    "cap per month": ('max_hold = "26h"', 'max_hold = "26h"\nmaintenance_cap = "8h/month"', 13, "feed.maintenance_cap", ("'8h/month'", "26h")),
    "cap of a service in words": ('agency = "002"', 'maintenance_cap = "none"', 19, "service.maintenance_cap", ("'none'", "a whole number with its unit")),
    "hours of another kind": ('kind = "ckan"', 'kind = "ckan"\nhours = "Mon 08:00-16:00"', 24, "feed.hours", ("belongs to uptime feeds", "ckan")),
    "incident_after of another kind": ('kind = "ckan"', 'kind = "ckan"\nincident_after = 2', 24, "feed.incident_after", ("belongs to uptime feeds", "ckan")),
    "incident after none": ('max_hold = "26h"', 'max_hold = "26h"\nincident_after = 0', 13, "feed.incident_after", ("0", "a whole number from 1")),
    "incident after too many": ('max_hold = "26h"', 'max_hold = "26h"\nincident_after = 99999999999999999999', 13, "feed.incident_after", ("1 to 1000000",)),
    "incident after a half": ('max_hold = "26h"', 'max_hold = "26h"\nincident_after = 1.5', 13, "feed.incident_after", ("1.5", "a whole number from 1")),
    "flapping without a unit": ('max_hold = "26h"', 'max_hold = "26h"\nflapping = 5', 13, "feed.flapping", ("5 is not accepted", "5m")),
    "keep_checks of another kind": ('kind = "ckan"', 'kind = "ckan"\nkeep_checks = "900d"', 24, "feed.keep_checks", ("belongs to uptime feeds", "ckan")),
    "checks kept for a month": ('max_hold = "26h"', 'max_hold = "26h"\nkeep_checks = "30d"', 13, "feed.keep_checks", ("'30d'", "100d or more")),
    "hours in words": ('agency = "002"', 'hours = "office hours"', 19, "service.hours", ("'office hours'", "Mon-Fri 08:00-16:00", "always")),
    "hours of no such day": ('agency = "002"', 'hours = "Sen-Jum 08:00-16:00"', 19, "service.hours", ("'Sen-Jum 08:00-16:00'", "Mon-Fri 08:00-16:00")),
    "hours as a number": ('agency = "002"', "hours = 8", 19, "service.hours", ("8 is not accepted", "Mon-Fri 08:00-16:00")),
    "hours over midnight": ('agency = "002"', 'hours = "Mon 22:00-06:00"', 19, "service.hours", ("ends before it begins", "24:00")),
    "hours after midnight": ('agency = "002"', 'hours = "Mon 22:00-25:00"', 19, "service.hours", ("after 24:00", "Mon-Fri 08:00-16:00")),
    "days backwards": ('agency = "002"', 'hours = "Fri-Mon 08:00-16:00"', 19, "service.hours", ("ends before it begins", "Mon-Fri")),
    "hours that overlap": ('agency = "002"', 'hours = "Mon-Fri 08:00-16:00, Tue 15:00-17:00"', 19, "service.hours", ("hours of Tue overlap",)),
    "job of another kind": ('kind = "ckan"', 'kind = "ckan"\njob = "blackbox"', 24, "feed.job", ("belongs to prometheus feeds", "ckan")),
    "since of another kind": ('max_hold = "26h"', 'max_hold = "26h"\nsince = "7d"', 13, "feed.since", ("belongs to prometheus feeds", "check_log")),
    "credential of another kind": ('kind = "ckan"', 'kind = "ckan"\nbearer = "env:HOME"', 24, "feed.bearer", ("belongs to prometheus feeds",)),
    "times of another kind": ('kind = "ckan"', 'kind = "ckan"\ntimezone = "Asia/Makassar"', 24, "feed.timezone", ("belongs to check_log feeds", "ckan")),
    "times of no zone": ('max_hold = "26h"', 'max_hold = "26h"\ntimezone = "WITA"', 13, "feed.timezone", ("'WITA'", "Asia/Makassar")),
    "hold of no time": ('max_hold = "26h"', 'max_hold = "0s"', 12, "feed.max_hold", ("'0s'", "such as 26h")),
    "hold of more than a century": ('max_hold = "26h"', 'max_hold = "99999999999999d"', 12, "feed.max_hold", ("99999999999999d", "up to 36500d")),
    "checks kept for ten thousand years": ('max_hold = "26h"', 'max_hold = "26h"\nkeep_checks = "3650000d"', 13, "feed.keep_checks", ("up to 36500d",)),
    "flapping for more than a century": ('max_hold = "26h"', 'max_hold = "26h"\nflapping = "36501d"', 13, "feed.flapping", ("'36501d'", "up to 36500d")),
    "a host that is not in a list": (
        'hosts = [".go.id"]',
        'hosts = ".go.id"',
        11,
        "feed.hosts",
        ("'.go.id' is not accepted", "a list of host names", '[".go.id"]'),
    ),
    "an address with half a bracket": (
        "https://data.example.go.id",
        "https://[::1",
        25,
        "feed.url",
        ("'https://[::1' is no address", "https://[fd00::7]:9090"),
    ),
    "an address with no such port": ("data.example.go.id", "data.example.go.id:99999", 25, "feed.url", (":99999' is no address", "accepted: such as")),
    "service twice": (
        'agency = "002"',
        'agency = "002"\n\n[[service]]\nfeed = "more_checks"\nmatch = "dinkes"\nid = "dinas_kesehatan"',
        23,
        "service.match",
        ("'dinkes' of feed more_checks is service 'dinkes' already (line 17)", "'dinas_kesehatan'"),
    ),
    "service of an unknown feed": ('feed = "more_checks"', 'feed = "cheks"', 16, "service.feed", ("'cheks'", "accepted: checks, more_checks")),
    "service of a feed that has none": ('feed = "more_checks"', 'feed = "catalogue"', 16, "service.feed", ("'catalogue'", "accepted: checks, more_checks")),
    "service of an unknown government": ('agency = "002"', 'agency = "002"\ngovernment = "64"', 20, "service.government", ("'64'",)),
    "unknown key of a service": ('agency = "002"', 'skpd = "002"', 19, "service.skpd", ("unknown key", "agency")),
    "unknown table": ("[[service]]", "[[services]]", 15, "services", ("unknown table", "[[service]]")),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_that_says_where_and_what_is_accepted(tmp_path: Path, name: str) -> None:
    good, bad, line, key, said = MISTAKES[name]
    assert good in GOOD
    found = mistakes(tmp_path, GOOD.replace(good, bad, 1))
    assert len(found) == 1, found
    assert found[0].startswith(f"{tmp_path / 'sources.toml'}:{line}: {key}: "), found[0]
    assert [words for words in said if words not in found[0]] == [], found[0]


@pytest.mark.parametrize(
    ("good", "bad", "line", "key"),
    [
        ('code = "63"', "code = 63", 2, "government.code"),
        ('code = "63"', "code = 63.10", 2, "government.code"),
        ('name = "Provinsi Kalimantan Selatan"\n', "", 1, "government.name"),
        ('timezone = "Asia/Makassar"\n', "", 1, "government.timezone"),
        ('id = "more_checks"\nkind = "check_log"', 'id = "more_checks"\nkind = "checklog"', 29, "feed.kind"),
        ("[[government]]", "[government]", 1, "government"),
    ],
)
def test_a_mistake_is_not_repeated_by_what_refers_to_it(tmp_path: Path, good: str, bad: str, line: int, key: str) -> None:
    """A government or feed with a mistake in it is there all the same: nothing else needs mending."""
    found = mistakes(tmp_path, GOOD.replace(good, bad, 1))
    assert [message.startswith(f"{tmp_path / 'sources.toml'}:{line}: {key}: ") for message in found] == [True], found


@pytest.mark.parametrize("address", ["https://admin:rahasia@data.example.go.id", "http://admin:rahasia@data.example.go.id"])
def test_a_password_is_not_repeated_in_the_message(tmp_path: Path, address: str) -> None:
    assert "rahasia" not in "\n".join(mistakes(tmp_path, GOOD.replace("https://data.example.go.id", address)))


@pytest.mark.parametrize(
    ("written", "engine"),
    [
        ("", IN_DUCKDB),
        ("[roll_up]\n", IN_DUCKDB),
        ('[roll_up]\nengine = "duckdb"\n', IN_DUCKDB),
        ('[roll_up]\nengine = "spark"\nmaster = "spark://spark.example.go.id:7077"\n', Spark("spark://spark.example.go.id:7077")),
        ('[roll_up]\nengine = "spark"\nmaster = "spark://a:7077,b:7078"\n', Spark("spark://a:7077,b:7078")),
    ],
)
def test_the_roll_up_has_an_engine(tmp_path: Path, written: str, engine: Engine) -> None:
    assert read_sources(write(tmp_path, GOOD + written)).engine == engine


@pytest.mark.parametrize(
    ("written", "line", "key", "said"),
    [
        ('[roll_up]\nengine = "flink"', 2, "roll_up.engine", "'flink' is not accepted; accepted: 'duckdb' or 'spark'"),
        ('[roll_up]\nengine = "spark"', 1, "roll_up.master", 'is missing; accepted: where the Spark cluster\'s master listens, such as "spark://host:7077"'),
        ('[roll_up]\nengine = "spark"\nmaster = "host:7077"', 3, "roll_up.master", "'host:7077' is not accepted; accepted: where the Spark cluster's master"),
        ('[roll_up]\nmaster = "spark://host:7077"', 2, "roll_up.master", 'belongs to engine = "spark"'),
        ("[roll_up]\nworkers = 2", 2, "roll_up.workers", "unknown key; accepted: engine, master"),
        ("[[roll_up]]", 1, "roll_up", "must be written [roll_up]"),
    ],
)
def test_a_mistake_about_the_engine_is_one_line(tmp_path: Path, written: str, line: int, key: str, said: str) -> None:
    (only,) = mistakes(tmp_path, GOOD + written + "\n")
    assert only.startswith(f"{tmp_path / 'sources.toml'}:{len(GOOD.splitlines()) + line}: {key}: {said}"), only


MONITOR = """
[[feed]]
id = "monitor"
kind = "prometheus"
government = "63"
url = "https://prometheus.example.go.id"
max_hold = "150s"
"""
HEAD = len(GOOD.splitlines()) + 1


def with_monitor(line: str = "") -> str:
    return GOOD + MONITOR + line


def test_a_monitor_is_read_and_its_secret_stays_in_the_environment(tmp_path: Path) -> None:
    text = with_monitor('hosts = [".go.id"]\njob = "blackbox"\nsince = "7d"\nbearer = "env:MONITOR_TOKEN"\n')
    monitor = read_sources(write(tmp_path, text)).feeds[-1]
    assert (monitor.kind, monitor.job, monitor.since_s, monitor.max_hold_s) == (FeedKind.PROMETHEUS, "blackbox", 7 * 86400, 150)
    assert monitor.credential == Credential("bearer", "MONITOR_TOKEN")


def test_a_monitor_is_asked_for_thirty_days_unless_told_otherwise(tmp_path: Path) -> None:
    feeds = read_sources(write(tmp_path, with_monitor('basic_auth = "env:LOGIN"\n'))).feeds
    assert (feeds[-1].job, feeds[-1].since_s, feeds[-1].credential) == (None, 30 * 86400, Credential("basic", "LOGIN"))


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ('bearer = "rahasia"', "feed.bearer", '"env:NAME", the environment variable that holds the token'),
        ('basic_auth = "admin:rahasia"', "feed.basic_auth", '"env:NAME", the environment variable that holds user:password'),
        ('bearer = ["rahasia"]', "feed.bearer", '"env:NAME"'),
        ('since = "30"', "feed.since", "'30' is not accepted; accepted: a whole number with its unit"),
        ('job = ""', "feed.job", "the label that Prometheus gives the prober's scrapes"),
    ],
)
def test_a_mistake_about_a_monitor_shows_no_secret(tmp_path: Path, line: str, key: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_sources(write(tmp_path, with_monitor(line + "\n")))
    (only,) = str(caught.value).splitlines()
    assert only.startswith(f"{tmp_path / 'sources.toml'}:{HEAD + 7}: {key}: "), only
    assert said in only
    assert "rahasia" not in only


def test_a_monitor_has_one_credential(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"feed\.basic_auth: give either bearer or basic_auth"):
        read_sources(write(tmp_path, with_monitor('bearer = "env:T"\nbasic_auth = "env:L"\n')))


WITH_MAINTENANCE = GOOD.replace('max_hold = "2d"', 'max_hold = "2d"\nmaintenance = "plans/maintenance.csv"')


def write_maintenance(folder: Path, rows: str, header: str = "service,starts_at,ends_at,announced_at,note") -> str:
    (folder / "plans").mkdir(exist_ok=True)
    (folder / "plans" / "maintenance.csv").write_text(f"{header}\n{rows}\n", encoding="utf-8")
    return WITH_MAINTENANCE + '\n[[government]]\ncode = "61"\nname = "Kalbar"\ntimezone = "Asia/Pontianak"\n'


def test_announced_windows_are_read_in_the_zone_of_the_services_government(tmp_path: Path) -> None:
    rows = 'dinkes,2026-10-24T22:00,2026-10-25T02:00,2026-10-20 08:00,"jaringan, listrik"\n\n*,2026-10-24T22:00:00+08:00,2026-10-24T15:00Z,2026-10-20,'
    text = write_maintenance(tmp_path, rows).replace('agency = "002"', 'agency = "002"\ngovernment = "61"')
    feeds = read_sources(write(tmp_path, text)).feeds
    assert feeds[2].maintenance == (
        MaintenanceWindow(
            "dinkes",
            datetime(2026, 10, 24, 15, tzinfo=UTC),
            datetime(2026, 10, 24, 19, tzinfo=UTC),
            datetime(2026, 10, 20, 1, tzinfo=UTC),
            "jaringan, listrik",
            2,
        ),
        MaintenanceWindow("*", datetime(2026, 10, 24, 14, tzinfo=UTC), datetime(2026, 10, 24, 15, tzinfo=UTC), datetime(2026, 10, 19, 16, tzinfo=UTC), "", 4),
    )
    assert feeds[0].maintenance == ()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",2026-10-24T22:00,2026-10-25T02:00,2026-10-20T08:00,", ("row 3: service: is missing", "a service id, or *")),
        ("a,24/10/2026 22:00,2026-10-25T02:00,2026-10-20T08:00,", ("row 3: starts_at: '24/10/2026 22:00'", "ISO 8601", "2026-10-24T22:00+08:00")),
        ("a,2026-10-24T22:00,,2026-10-20T08:00,", ("row 3: ends_at: ''", "ISO 8601")),
        ("a,2026-10-24T22:00,2026-10-25T02:00,,", ("row 3: announced_at: ''", "ISO 8601")),
        ("a,2026-10-24T22:00,0001-01-01,2026-10-20,", ("row 3: ends_at: '0001-01-01'", "ISO 8601")),
        ("a,2026-10-24T22:00,2026-10-24T22:00,2026-10-20T08:00,", ("row 3: ends_at:", "is not after starts_at", "a later time")),
        ("a,2026-10-24T22:00,2026-10-25T02:00,2026-10-20T08:00", ("row 3: has 4 cells, the header 5",)),
    ],
)
def test_a_bad_row_of_a_maintenance_file_is_named(tmp_path: Path, row: str, said: tuple[str, ...]) -> None:
    (only,) = mistakes(tmp_path, write_maintenance(tmp_path, f"a,2026-10-24T22:00,2026-10-25T02:00,2026-10-20T08:00,\n{row}"))
    assert only.startswith(f"{tmp_path / 'sources.toml'}:33: feed.maintenance: {tmp_path / 'plans' / 'maintenance.csv'} row 3: "), only
    assert [words for words in said if words not in only] == [], only


def test_a_maintenance_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    (only,) = mistakes(tmp_path, write_maintenance(tmp_path, "a,b", header="service;starts_at;ends_at;announced_at;note"))
    assert "row 1: columns service;starts_at;ends_at;announced_at;note are not accepted; accepted: service, starts_at, ends_at, announced_at" in only


def test_every_mistake_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD
    for good, bad in (("Asia/Makassar", "Mars/Olympus"), ("0.99", "99.0"), ('kind = "ckan"', 'kind = "ckann"'), ('agency = "002"', 'skpd = "002"')):
        text = text.replace(good, bad, 1)
    text += '\n[[tabel]]\nid = "x"\n'
    found = mistakes(tmp_path, text)
    wanted: Mapping[str, int] = {"government.timezone": 4, "feed.objective": 13, "service.skpd": 19, "feed.kind": 23, "tabel": 34}
    for key, line in wanted.items():
        assert any(message.startswith(f"{tmp_path / 'sources.toml'}:{line}: {key}: ") for message in found), (key, found)


def test_what_is_not_toml_says_so_with_its_line(tmp_path: Path) -> None:
    (only,) = mistakes(tmp_path, GOOD.replace('kind = "ckan"', "kind = ckan"))
    assert only.startswith(f"{tmp_path / 'sources.toml'}: is not TOML: ")
    assert re.search(r"line 23\b", only)


def test_a_settings_file_that_is_not_utf_8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_bytes(GOOD.replace("Selatan", "S\u00e9latan").encode("cp1252"))
    with pytest.raises(SettingsError) as caught:
        read_sources(path)
    assert str(path) in str(caught.value)


def test_a_settings_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    with pytest.raises(SettingsError) as caught:
        read_sources(path)
    assert str(path) in str(caught.value)
    assert "KESIAPAN_SOURCES" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_path_without_files_stops_its_own_feed_at_run_time_and_no_other(tmp_path: Path) -> None:
    feeds = read_sources(write(tmp_path, GOOD + '\n[[feed]]\nid = "levels"\nkind = "submission"\ngovernment = "63"\npath = "levels_*.csv"\n')).feeds
    (tmp_path / "levels_1.csv").write_bytes(b"levels")
    archive = Archive(tmp_path / "archive")
    by_id = {feed.id: feed for feed in feeds}
    now = datetime(2026, 9, 30, tzinfo=UTC)
    nothing = arrive(by_id["checks"], archive, lambda: now)
    assert nothing.present == []
    (problem,) = nothing.problems
    assert problem.startswith(f"{tmp_path / 'sources.toml'}:10: feed.path: 'checks.csv' matches no file in {tmp_path}")
    assert "accepted:" in problem
    arrived = arrive(by_id["levels"], archive, lambda: now)
    assert arrived.problems == []
    assert [artifact.source_name for artifact in arrived.present] == ["levels_1.csv"]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", GOOD[GOOD.index("[[feed]]") :]])
def test_a_settings_file_without_a_government_says_so(tmp_path: Path, text: str) -> None:
    """Emptied by a full disk or an editor, for one: all that was measured would be of feeds that are not there."""
    first = mistakes(tmp_path, text)[0]
    assert first.startswith(f"{tmp_path / 'sources.toml'}:1: government: is missing; accepted: a [[government]] at least")


def test_a_settings_file_that_notepad_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(GOOD, encoding="utf-8")
    as_written = read_sources(path)
    path.write_text(GOOD, encoding="utf-8-sig", newline="\r\n")
    assert read_sources(path) == as_written


@pytest.mark.parametrize("address", ["https://admin:rahasia@[::1", "https://admin:rahasia@data.example.go.id:99999"])
def test_a_password_of_what_is_no_address_is_not_repeated(tmp_path: Path, address: str) -> None:
    (found,) = mistakes(tmp_path, GOOD.replace("https://data.example.go.id", address))
    assert "is no address" in found
    assert "rahasia" not in found
