"""Rules for checks of services: rows meant for the probe lake."""

from expectations.rules import Fresh, HasRows, Holds, InSet, NotNull, Owners, Rule, Suite, Unique, steadiness
from warehouse.registry import Feed, FeedKind

STATUSES = ("up", "down", "unknown", "maintenance")
COLUMNS = {
    "source_row": "BIGINT",
    "service": "VARCHAR",
    "url": "VARCHAR",
    "host": "VARCHAR",
    "checked_at_text": "VARCHAR",
    "checked_at": "TIMESTAMP WITH TIME ZONE",
    "status_text": "VARCHAR",
    "status": "VARCHAR",
    "latency_ms_text": "VARCHAR",
    "latency_ms": "DOUBLE",
    "http_code": "INTEGER",
    "vantage": "VARCHAR",
    "certificate_expires_at_text": "VARCHAR",
    "certificate_expires_at": "TIMESTAMP WITH TIME ZONE",
    "received_at": "TIMESTAMP WITH TIME ZONE",
    "period": "VARCHAR",
}


def suite_of(feed: Feed) -> Suite:
    """The feed's settings are part of its suite, so a change of them judges its files again. Only a log can be stale: what a live monitor says may be about
    a day long past, and whether it is at work is asked when its replies arrive."""
    return suite(feed.hosts, feed.max_hold_s if feed.kind is FeedKind.CHECK_LOG else 0, feed.keep_checks_s)


def suite(hosts: tuple[str, ...], max_hold_s: int = 0, keep_checks_s: int = 0) -> Suite:
    """`hosts` are the feed's: `.go.id` is any host below it, `go.id` just that one; none given, the host rule has nothing to check.
    `max_hold_s`: how long a check speaks for; 0, and freshness is not judged. `keep_checks_s`: how long checks are kept; 0, for ever."""
    allowed = " or ".join(f"ends_with(host, '{host}')" if host.startswith(".") else f"host = '{host}'" for host in hosts)
    return Suite(
        name="check",
        table_name="uptime.check",
        key=("service", "checked_at_text", "vantage"),
        columns=COLUMNS,
        rules=(
            Rule(
                "check.has_rows",
                HasRows(),
                "completeness",
                "critical",
                "batch",
                "Catatan pemantauan harus berisi sedikitnya satu pemeriksaan.",
                "A check log must hold at least one check.",
            ),
            Rule(
                "check.service_named",
                NotNull("service"),
                "completeness",
                "critical",
                "row",
                "Pemeriksaan harus menyebut layanannya.",
                "A check must name its service.",
            ),
            Rule(
                "check.time_readable",
                NotNull("checked_at"),
                "conformity",
                "critical",
                "row",
                "Waktu pemeriksaan harus terbaca dan masuk akal (sejak 2018), misalnya 2023-08-24T06:43:03Z.",
                "The time of a check must be readable and plausible (from 2018 on), such as 2023-08-24T06:43:03Z.",
                shows=("checked_at_text",),
            ),
            Rule(
                "check.not_in_the_future",
                Holds("epoch_us(checked_at) <= epoch_us(received_at) + 300e6", when="checked_at is not null", column="checked_at"),
                "timeliness",
                "critical",
                "row",
                "Waktu pemeriksaan tidak boleh lebih dari 5 menit sesudah diterima: jam pemantau salah, atau waktunya tanpa zona dan bukan UTC.",
                "A check must not be later than 5 minutes after it was received: the monitor's clock is wrong, or its times have no zone and are not UTC.",
                shows=("checked_at_text",),
            ),
            Rule(
                "check.still_kept",
                Holds(
                    f"checked_at >= received_at - to_seconds({keep_checks_s})",
                    when="checked_at is not null" if keep_checks_s else "false",
                    column="checked_at",
                ),
                "timeliness",
                "critical",
                "row",
                "Pemeriksaan tidak boleh lebih lama dari masa simpan sumber (keep_checks): harinya sudah dihitung dan ditutup.",
                "A check must not be older than the feed keeps checks for (keep_checks): its day is counted and closed.",
                shows=("checked_at_text",),
            ),
            Rule(
                "check.status_known",
                InSet("status", STATUSES),
                "conformity",
                "critical",
                "row",
                "Status harus up, down, degraded, unknown atau maintenance, atau kata lain yang disebut docs/add-a-source.md; 1 dan 0 hanya tanpa angka lain.",
                "The status must be up, down, degraded, unknown or maintenance, or another word of docs/add-a-source.md; 1 and 0 only without other numbers.",
                shows=("status_text",),
            ),
            Rule(
                "check.status_named",
                NotNull("status"),
                "completeness",
                "critical",
                "row",
                "Pemeriksaan harus menyebut statusnya.",
                "A check must state its status.",
            ),
            Rule(
                "check.host_of_government",
                Holds(allowed or "true", when="host is not null" if hosts else "false", column="host"),
                "accuracy",
                "critical",
                "row",
                "Alamat yang diperiksa harus milik pemerintah daerah menurut pengaturan sumber (hosts).",
                "The address checked must be one of the government's, as the feed's settings say (hosts).",
                shows=("service", "host"),
            ),
            Rule(
                "check.latency_plausible",
                Holds("coalesce(latency_ms between 0 and 600000, false)", when="latency_ms_text is not null", column="latency_ms"),
                "conformity",
                "warning",
                "row",
                "Waktu tanggap harus berupa angka milidetik (1234.5), antara 0 dan 10 menit.",
                "The latency must be a number of milliseconds (1234.5), between 0 and 10 minutes.",
                shows=("latency_ms_text",),
            ),
            Rule(
                "check.certificate_plausible",
                Holds("certificate_expires_at is not null", when="certificate_expires_at_text is not null", column="certificate_expires_at"),
                "conformity",
                "warning",
                "row",
                "Masa berlaku sertifikat harus terbaca dan masuk akal, misalnya 2027-02-23T06:43:03Z atau detik sejak 1970.",
                "The end of a certificate must be readable and plausible, such as 2027-02-23T06:43:03Z or seconds since 1970.",
                shows=("certificate_expires_at_text",),
            ),
            Rule(
                "check.time_unique",
                Unique(("service", "vantage", "checked_at")),
                "uniqueness",
                "warning",
                "row",
                "Satu layanan hanya boleh punya satu pemeriksaan dari satu tempat pada saat yang sama; yang terakhir dipakai.",
                "A service may have one check only from one place at a moment; the last one is used.",
                shows=("service", "checked_at_text"),
            ),
            Rule(
                "check.fresh",
                Fresh("checked_at", "received_at", max_hold_s),
                "timeliness",
                "warning",
                "batch",
                "Pemeriksaan terbaru tidak lebih tua dari max_hold saat diterima: pemantau masih bekerja.",
                "The newest check is not older than max_hold when it is received: the monitor is at work.",
            ),
            *steadiness("check"),
        ),
        owners=Owners(period="period"),
        watched=("status", "latency_ms", "http_code"),
    )
