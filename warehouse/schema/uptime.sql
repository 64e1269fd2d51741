-- How long services were up, from checks. Comments read: English | Bahasa Indonesia | unit.
create schema if not exists uptime;

create table if not exists uptime.service_day (
    feed_id varchar not null,
    service_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    day date not null,
    up_s bigint not null,
    down_s bigint not null,
    unknown_s bigint not null,
    maintenance_s bigint not null,
    off_hours_s bigint not null,
    checks bigint not null,
    failed_checks bigint not null,
    latency_p50_ms double,
    latency_p95_ms double,
    latency_p99_ms double,
    availability double,
    availability_strict double,
    coverage double
);
comment on table uptime.service_day is 'One row per service and local day | Satu baris per layanan dan hari setempat';
comment on column uptime.service_day.feed_id is 'Feed that watches the service | Sumber pemantauan';
comment on column uptime.service_day.service_id is 'Service | Layanan';
comment on column uptime.service_day.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column uptime.service_day.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column uptime.service_day.day is 'Day in the zone of the government | Hari menurut zona waktu pemerintah daerah';
comment on column uptime.service_day.up_s is 'Time known to be up | Lama aktif | s';
comment on column uptime.service_day.down_s is 'Time known to be down | Lama mati | s';
comment on column uptime.service_day.unknown_s is 'Time nothing is known of: no check speaks for it, nor maintenance or off hours | Lama tidak diketahui: tidak ada pemeriksaan | s';
comment on column uptime.service_day.maintenance_s is 'Maintenance: announced windows, and what the monitor calls so | Pemeliharaan: jendela yang diumumkan, dan yang disebut pemantau | s';
comment on column uptime.service_day.off_hours_s is 'Outside service hours, holidays too; 0 for a service around the clock | Di luar jam layanan, termasuk hari libur; 0 untuk layanan 24 jam | s';
comment on column uptime.service_day.checks is 'Checks made | Jumlah pemeriksaan | checks';
comment on column uptime.service_day.failed_checks is 'Checks that found it down, those in maintenance and off hours too | Pemeriksaan gagal, termasuk saat pemeliharaan dan di luar jam layanan | checks';
comment on column uptime.service_day.latency_p50_ms is 'Median latency of successful checks | Median waktu tanggap | ms';
comment on column uptime.service_day.latency_p95_ms is '95th percentile | Persentil ke-95 | ms';
comment on column uptime.service_day.latency_p99_ms is '99th percentile | Persentil ke-99 | ms';
comment on column uptime.service_day.availability is 'up / (up + down), by time; empty if neither is known | aktif / (aktif + mati), menurut waktu | ratio';
comment on column uptime.service_day.availability_strict is 'up / (up + down + unknown): unknown counts as down | aktif / (aktif + mati + tidak diketahui) | ratio';
comment on column uptime.service_day.coverage is '(up + down + maintenance) / (the day - off hours); empty if all of it is off hours | bagian jam layanan hari itu yang diketahui | ratio';

create table if not exists uptime.service_quarter (
    period varchar not null,
    feed_id varchar not null,
    service_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    up_s bigint not null,
    down_s bigint not null,
    unknown_s bigint not null,
    maintenance_s bigint not null,
    off_hours_s bigint not null,
    checks bigint not null,
    failed_checks bigint not null,
    availability double,
    availability_strict double,
    coverage double,
    objective double,
    error_budget_remaining double,
    incidents bigint not null,
    incidents_merged bigint,
    open_incidents bigint,
    mttr_s double,
    mtbf_s double,
    verdict varchar not null,
    last_day date
);
comment on table uptime.service_quarter is 'One row per service and quarter | Satu baris per layanan dan triwulan';
comment on column uptime.service_quarter.period is 'Quarter | Triwulan';
comment on column uptime.service_quarter.feed_id is 'Feed that watches the service | Sumber pemantauan';
comment on column uptime.service_quarter.service_id is 'Service | Layanan';
comment on column uptime.service_quarter.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column uptime.service_quarter.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column uptime.service_quarter.up_s is 'Time known to be up | Lama aktif | s';
comment on column uptime.service_quarter.down_s is 'Time known to be down | Lama mati | s';
comment on column uptime.service_quarter.unknown_s is 'Time nothing is known of, the days before the first check and after the last one included | Lama tidak diketahui, termasuk hari sebelum pemeriksaan pertama dan sesudah yang terakhir | s';
comment on column uptime.service_quarter.maintenance_s is 'Maintenance: announced windows, and what the monitor calls so | Pemeliharaan: jendela yang diumumkan, dan yang disebut pemantau | s';
comment on column uptime.service_quarter.off_hours_s is 'Outside service hours, holidays too; 0 for a service around the clock | Di luar jam layanan, termasuk hari libur; 0 untuk layanan 24 jam | s';
comment on column uptime.service_quarter.checks is 'Checks made | Jumlah pemeriksaan | checks';
comment on column uptime.service_quarter.failed_checks is 'Checks that found it down, those in maintenance and off hours too | Pemeriksaan gagal, termasuk saat pemeliharaan dan di luar jam layanan | checks';
comment on column uptime.service_quarter.availability is 'up / (up + down), by time | aktif / (aktif + mati), menurut waktu | ratio';
comment on column uptime.service_quarter.availability_strict is 'up / (up + down + unknown) | aktif / (aktif + mati + tidak diketahui) | ratio';
comment on column uptime.service_quarter.coverage is '(up + down + maintenance) / (the quarter - off hours) | bagian jam layanan triwulan yang diketahui | ratio';
comment on column uptime.service_quarter.objective is 'Availability promised | Target ketersediaan | ratio';
comment on column uptime.service_quarter.error_budget_remaining is '1 - (1 - availability) / (1 - objective); negative = overspent | sisa anggaran galat; negatif = terlampaui | ratio';
comment on column uptime.service_quarter.incidents is 'Incidents that started in the quarter | Gangguan yang mulai pada triwulan ini | incidents';
comment on column uptime.service_quarter.incidents_merged is 'The same, those less than the feed''s flapping apart counted as one | Sama, yang berjarak kurang dari flapping dihitung satu | incidents';
comment on column uptime.service_quarter.open_incidents is 'Incidents not ended at the end of the quarter, or of the last day counted, whenever they started | Gangguan yang belum selesai pada akhir triwulan atau hari terakhir yang dihitung | incidents';
comment on column uptime.service_quarter.mttr_s is 'down / incidents | lama mati / gangguan | s';
comment on column uptime.service_quarter.mtbf_s is 'up / incidents | lama aktif / gangguan | s';
comment on column uptime.service_quarter.last_day is 'Last day counted: that of the quarter, or while it runs that of the feed''s latest check | Hari terakhir yang dihitung: akhir triwulan, atau selama berjalan hari pemeriksaan terakhir sumber';
comment on column uptime.service_quarter.verdict is 'met, missed, or insufficient_data (under 95 % coverage, or no objective) | met (tercapai), missed (tidak tercapai), insufficient_data (data kurang)';

create table if not exists uptime.outage (
    outage_id varchar not null,
    feed_id varchar not null,
    service_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    duration_s bigint not null,
    is_open boolean not null,
    failed_checks bigint,
    is_incident boolean not null
);
comment on table uptime.outage is 'One row per outage: consecutive checks that found a service down, be they enough for an incident or not | Satu baris per rangkaian pemeriksaan gagal, cukup untuk gangguan atau tidak';
comment on column uptime.outage.outage_id is 'Hash of feed, service and start | Hash sumber, layanan dan waktu mulai';
comment on column uptime.outage.feed_id is 'Feed that saw it | Sumber pemantauan';
comment on column uptime.outage.service_id is 'Service | Layanan';
comment on column uptime.outage.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column uptime.outage.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column uptime.outage.started_at is 'First failed check, in service time (UTC) | Pemeriksaan gagal pertama, dalam waktu layanan (UTC)';
comment on column uptime.outage.ended_at is 'First successful check after it (UTC); empty while open | Pemeriksaan berhasil pertama sesudahnya (UTC)';
comment on column uptime.outage.duration_s is 'Time known to be down within it: gaps nobody watched do not count | Lama mati yang diketahui | s';
comment on column uptime.outage.is_open is 'Not yet seen to end | Belum selesai';
comment on column uptime.outage.failed_checks is 'Checks that found it down | Pemeriksaan gagal | checks';
comment on column uptime.outage.is_incident is 'As many failed as the feed''s incident_after asks for | Jumlah gagal mencapai incident_after';

create or replace view uptime.incident as
select outage_id as incident_id, feed_id, service_id, government_code, agency_code, started_at, ended_at, duration_s, is_open, failed_checks
from uptime.outage
where is_incident;
comment on view uptime.incident is 'Outages that enough checks have seen, dated from the first of them | Gangguan: rangkaian gagal yang cukup panjang, sejak gagal pertama';
comment on column uptime.incident.incident_id is 'Hash of feed, service and start | Hash sumber, layanan dan waktu mulai';
comment on column uptime.incident.feed_id is 'Feed that saw it | Sumber pemantauan';
comment on column uptime.incident.service_id is 'Service | Layanan';
comment on column uptime.incident.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column uptime.incident.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column uptime.incident.started_at is 'First failed check (UTC) | Pemeriksaan gagal pertama (UTC)';
comment on column uptime.incident.ended_at is 'First successful check after it (UTC); empty while open | Pemeriksaan berhasil pertama sesudahnya (UTC)';
comment on column uptime.incident.duration_s is 'Time known to be down within it: gaps nobody watched do not count | Lama mati yang diketahui | s';
comment on column uptime.incident.is_open is 'Not yet seen to end | Belum selesai';
comment on column uptime.incident.failed_checks is 'Checks that found it down | Pemeriksaan gagal | checks';

create or replace view uptime.worst_service as
select
    service_quarter.period,
    service_quarter.government_code,
    case
        when service_quarter.verdict <> 'insufficient_data'
            then
                rank() over (
                    partition by service_quarter.period, service_quarter.government_code, service_quarter.verdict = 'insufficient_data'
                    order by service_quarter.error_budget_remaining, service_quarter.availability
                )
    end as rank,
    service_quarter.feed_id,
    service_quarter.service_id,
    service.name as service_name,
    service_quarter.agency_code,
    service_quarter.error_budget_remaining,
    service_quarter.availability,
    service_quarter.objective,
    service_quarter.coverage,
    service_quarter.down_s,
    service_quarter.incidents,
    service_quarter.verdict,
    case
        when service_quarter.verdict <> 'insufficient_data' then null
        when service_quarter.objective is null then 'no_objective'
        when service_quarter.availability is null then 'never_known'
        else 'low_coverage'
    end as reason
from uptime.service_quarter as service_quarter
left join ref.service as service on service.feed_id = service_quarter.feed_id and service.code = service_quarter.service_id;
comment on view uptime.worst_service is 'A quarter''s services of a government, the worst first: by error budget left, then availability | Layanan terburuk per triwulan dan pemerintah daerah: menurut sisa anggaran galat, lalu ketersediaan';
comment on column uptime.worst_service.period is 'Quarter | Triwulan';
comment on column uptime.worst_service.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column uptime.worst_service.rank is '1 = worst; empty = not known well enough to be ranked | 1 = terburuk; kosong = data kurang';
comment on column uptime.worst_service.feed_id is 'Feed that watches the service | Sumber pemantauan';
comment on column uptime.worst_service.service_id is 'Service | Layanan';
comment on column uptime.worst_service.service_name is 'Name | Nama';
comment on column uptime.worst_service.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column uptime.worst_service.error_budget_remaining is '1 - (1 - availability) / (1 - objective); negative = overspent | sisa anggaran galat; negatif = terlampaui | ratio';
comment on column uptime.worst_service.availability is 'up / (up + down), by time | aktif / (aktif + mati), menurut waktu | ratio';
comment on column uptime.worst_service.objective is 'Availability promised | Target ketersediaan | ratio';
comment on column uptime.worst_service.coverage is '(up + down + maintenance) / (the quarter - off hours) | bagian jam layanan triwulan yang diketahui | ratio';
comment on column uptime.worst_service.down_s is 'Time known to be down | Lama mati | s';
comment on column uptime.worst_service.incidents is 'Incidents that started in the quarter | Gangguan yang mulai pada triwulan ini | incidents';
comment on column uptime.worst_service.verdict is 'met, missed or insufficient_data | met (tercapai), missed (tidak tercapai), insufficient_data (data kurang)';
comment on column uptime.worst_service.reason is 'Why it has no rank: no_objective, never_known (neither up nor down), low_coverage (under 95 %) | Alasan tanpa peringkat: no_objective (tanpa target), never_known (tidak pernah diketahui), low_coverage (di bawah 95 %)';

create or replace view uptime.incident_calendar as
with begun as (
    select
        incident.feed_id,
        incident.service_id,
        date_trunc('day', timezone(coalesce(government.timezone, 'UTC'), incident.started_at)) as day,
        count(*) as incidents
    from uptime.incident as incident
    left join ref.government as government on government.code = incident.government_code
    group by incident.feed_id, incident.service_id, date_trunc('day', timezone(coalesce(government.timezone, 'UTC'), incident.started_at))
)

select
    service_day.government_code,
    service_day.agency_code,
    service_day.feed_id,
    service_day.service_id,
    service_day.day,
    coalesce(begun.incidents, 0) as incidents,
    service_day.down_s
from uptime.service_day as service_day
left join begun on begun.feed_id = service_day.feed_id and begun.service_id = service_day.service_id and begun.day = service_day.day;
comment on view uptime.incident_calendar is 'One row per service and local day: incidents begun and time down | Satu baris per layanan dan hari setempat: gangguan yang mulai dan lama mati';
comment on column uptime.incident_calendar.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column uptime.incident_calendar.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column uptime.incident_calendar.feed_id is 'Feed that watches the service | Sumber pemantauan';
comment on column uptime.incident_calendar.service_id is 'Service | Layanan';
comment on column uptime.incident_calendar.day is 'Day in the zone of the government | Hari menurut zona waktu pemerintah daerah';
comment on column uptime.incident_calendar.incidents is 'Incidents that started on it | Gangguan yang mulai pada hari itu | incidents';
comment on column uptime.incident_calendar.down_s is 'Time known to be down, of incidents begun before too | Lama mati, termasuk gangguan yang mulai sebelumnya | s';

create table if not exists uptime.burn_rate (
    feed_id varchar not null,
    service_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    as_of timestamptz not null,
    severity varchar not null,
    long_window_s bigint not null,
    short_window_s bigint not null,
    probe_interval_s double not null,
    objective double not null,
    long_error_ratio double,
    short_error_ratio double,
    long_burn_rate double,
    short_burn_rate double,
    threshold double not null,
    burning boolean
);
comment on table uptime.burn_rate is 'How fast error budgets burn: one row per service and pair of windows that its checks are frequent enough for | Laju pemakaian anggaran galat: satu baris per layanan dan pasangan jendela yang cukup sering diperiksa';
comment on column uptime.burn_rate.feed_id is 'Feed that watches the service | Sumber pemantauan';
comment on column uptime.burn_rate.service_id is 'Service | Layanan';
comment on column uptime.burn_rate.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column uptime.burn_rate.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column uptime.burn_rate.as_of is 'Latest check of the feed (UTC): both windows end here | Pemeriksaan terakhir sumber (UTC): akhir kedua jendela';
comment on column uptime.burn_rate.severity is 'page (act now) or ticket (act in working hours) | page (segera) atau ticket (jam kerja)';
comment on column uptime.burn_rate.long_window_s is 'Long window | Jendela panjang | s';
comment on column uptime.burn_rate.short_window_s is 'Short window: that it still goes on | Jendela pendek: masih berlangsung | s';
comment on column uptime.burn_rate.probe_interval_s is 'Mean distance of the service''s checks since the midnight before the last 24 hours | Rata-rata jarak pemeriksaan sejak tengah malam sebelum 24 jam terakhir | s';
comment on column uptime.burn_rate.objective is 'Availability promised | Target ketersediaan | ratio';
comment on column uptime.burn_rate.long_error_ratio is 'down / (up + down) of the long window; empty if neither is known | mati / (aktif + mati) pada jendela panjang | ratio';
comment on column uptime.burn_rate.short_error_ratio is 'The same of the short window | Sama, pada jendela pendek | ratio';
comment on column uptime.burn_rate.long_burn_rate is 'long_error_ratio / (1 - objective): 1 spends the budget exactly in the objective''s time | 1 = anggaran tepat habis dalam masa target | ratio';
comment on column uptime.burn_rate.short_burn_rate is 'The same of the short window | Sama, pada jendela pendek | ratio';
comment on column uptime.burn_rate.threshold is 'Burn rate from which it is burning | Ambang laju | ratio';
comment on column uptime.burn_rate.burning is 'Both rates are over the threshold; empty = not known | Kedua laju di atas ambang; kosong = tidak diketahui';

create table if not exists uptime.certificate (
    feed_id varchar not null,
    service_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    url varchar,
    expires_at timestamptz not null,
    seen_at timestamptz not null,
    as_of timestamptz not null,
    days_left double not null
);
comment on table uptime.certificate is 'One row per service whose TLS certificate was seen: the one seen last | Satu baris per layanan yang sertifikat TLS-nya terlihat: yang terakhir';
comment on column uptime.certificate.feed_id is 'Feed that watches the service | Sumber pemantauan';
comment on column uptime.certificate.service_id is 'Service | Layanan';
comment on column uptime.certificate.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column uptime.certificate.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column uptime.certificate.url is 'Address it was seen at | Alamat tempat sertifikat terlihat';
comment on column uptime.certificate.expires_at is 'When the first certificate of its chain ends (UTC) | Akhir masa berlaku sertifikat pertama dalam rantainya (UTC)';
comment on column uptime.certificate.seen_at is 'Last check that saw it (UTC) | Pemeriksaan terakhir yang melihatnya (UTC)';
comment on column uptime.certificate.as_of is 'Latest check of the feed (UTC) | Pemeriksaan terakhir sumber (UTC)';
comment on column uptime.certificate.days_left is 'From as_of to expires_at; negative = expired | Sisa hari sejak as_of; negatif = kedaluwarsa | days';

create table if not exists uptime.maintenance (
    feed_id varchar not null,
    source_row bigint not null,
    service_id varchar not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    announced_at timestamptz not null,
    note varchar,
    counts boolean not null,
    reason varchar,
    counted_s bigint,
    over_cap_s bigint
);
comment on table uptime.maintenance is 'One row per window of a feed''s maintenance file, counted or not | Satu baris per jendela pemeliharaan dalam berkas, dihitung atau tidak';
comment on column uptime.maintenance.feed_id is 'Feed whose file names it | Sumber yang berkasnya memuatnya';
comment on column uptime.maintenance.source_row is 'Row of the file, the header being row 1 | Baris berkas; judul kolom adalah baris 1';
comment on column uptime.maintenance.service_id is 'Service; * = all of the feed | Layanan; * = semua layanan sumber ini';
comment on column uptime.maintenance.starts_at is 'Start (UTC) | Mulai (UTC)';
comment on column uptime.maintenance.ends_at is 'End (UTC) | Selesai (UTC)';
comment on column uptime.maintenance.announced_at is 'When it was announced (UTC) | Waktu diumumkan (UTC)';
comment on column uptime.maintenance.note is 'What for | Keterangan';
comment on column uptime.maintenance.counts is 'Its time is maintenance, as far as the cap of the month allows; else checks count as they say | Waktunya dihitung pemeliharaan, sejauh batas bulan itu; jika tidak, pemeriksaan berlaku apa adanya';
comment on column uptime.maintenance.reason is 'Why it does not count, or not all of it: announced_late (not before its start), unknown_service (no check of it so far), over_cap (the month''s cap was used up); empty = it counts | Alasan tidak dihitung, seluruhnya atau sebagian: announced_late (tidak diumumkan sebelum mulai), unknown_service (belum pernah diperiksa), over_cap (batas bulan itu habis); kosong = dihitung';
comment on column uptime.maintenance.counted_s is 'Service time in it, up to the feed''s latest day, that counts as maintenance; * = summed over the services; empty = not reckoned yet | Waktu layanan di dalamnya, sampai hari terakhir sumber, yang dihitung pemeliharaan; * = jumlah semua layanan; kosong = belum dihitung | s';
comment on column uptime.maintenance.over_cap_s is 'The same beyond the month''s cap, where checks count as they say | Sama, di atas batas bulan itu; pemeriksaan berlaku apa adanya | s';

create table if not exists uptime.service_hours (
    feed_id varchar not null,
    service_id varchar not null,
    day date not null,
    opens_at timestamptz,
    closes_at timestamptz,
    holiday varchar
);
comment on table uptime.service_hours is 'One row per service that has hours, local day and opening; a closed day has one row | Satu baris per layanan berjam layanan, hari setempat dan jam buka; hari tutup satu baris';
comment on column uptime.service_hours.feed_id is 'Feed that watches the service | Sumber pemantauan';
comment on column uptime.service_hours.service_id is 'Service | Layanan';
comment on column uptime.service_hours.day is 'Day in the zone of the government | Hari menurut zona waktu pemerintah daerah';
comment on column uptime.service_hours.opens_at is 'Start of service (UTC); empty = closed that day | Mulai layanan (UTC); kosong = tutup';
comment on column uptime.service_hours.closes_at is 'End of service (UTC); empty = closed that day | Akhir layanan (UTC); kosong = tutup';
comment on column uptime.service_hours.holiday is 'Public holiday on which it is closed | Hari libur nasional yang menutupnya';

create table if not exists uptime.target (
    feed_id varchar not null,
    service varchar not null,
    vantage varchar not null,
    url varchar,
    certificate_expires_at timestamptz,
    first_at timestamptz not null,
    last_at timestamptz not null
);
comment on table uptime.target is 'What checks were aimed at: one row per name, vantage, address and certificate | Sasaran pemeriksaan: satu baris per nama, titik pantau, alamat dan sertifikat';
comment on column uptime.target.feed_id is 'Feed | Sumber';
comment on column uptime.target.service is 'Name that its checks bear | Nama pada pemeriksaan';
comment on column uptime.target.vantage is 'Where it is checked from; - = not said | Titik pantau; - = tidak disebut';
comment on column uptime.target.url is 'Address | Alamat';
comment on column uptime.target.certificate_expires_at is 'When its certificate expires (UTC); empty = not seen | Masa berlaku sertifikat berakhir (UTC); kosong = tidak terlihat';
comment on column uptime.target.first_at is 'First such check (UTC) | Pemeriksaan pertama (UTC)';
comment on column uptime.target.last_at is 'Last such check (UTC) | Pemeriksaan terakhir (UTC)';

create table if not exists uptime.check_day (
    feed_id varchar not null,
    service_id varchar not null,
    day date not null,
    checks bigint not null,
    failed_checks bigint not null,
    latency_ms double[],
    known_as varchar
);
comment on table uptime.check_day is 'Checks counted per service and local day | Jumlah pemeriksaan per layanan dan hari setempat';
comment on column uptime.check_day.feed_id is 'Feed | Sumber';
comment on column uptime.check_day.service_id is 'Service | Layanan';
comment on column uptime.check_day.day is 'Day in the zone of the government | Hari menurut zona waktu pemerintah daerah';
comment on column uptime.check_day.checks is 'Checks made | Jumlah pemeriksaan | checks';
comment on column uptime.check_day.failed_checks is 'Checks that found it down | Pemeriksaan gagal | checks';
comment on column uptime.check_day.latency_ms is '50th, 95th and 99th percentile of successful checks | Persentil ke-50, ke-95 dan ke-99 pemeriksaan berhasil | ms';
comment on column uptime.check_day.known_as is 'Name of the service in the one file of the lake that this day is, whose runs (meta.lake_run) are its own; empty: its runs are in check_run | Nama layanan dalam satu-satunya berkas hari itu; kosong: lihat check_run';

create table if not exists uptime.check_run (
    feed_id varchar not null,
    service_id varchar not null,
    vantage varchar not null,
    day date not null,
    time_class varchar not null,
    status varchar not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    checks bigint not null,
    cut_at timestamptz not null
);
comment on table uptime.check_run is 'Checks in a row, from one vantage on one local day, that say the same and leave no time unknown between them; of days that are not one file of the lake, or are cut | Rangkaian pemeriksaan berhasil sama dari satu titik pantau pada satu hari';
comment on column uptime.check_run.feed_id is 'Feed | Sumber';
comment on column uptime.check_run.service_id is 'Service | Layanan';
comment on column uptime.check_run.vantage is 'Where it is checked from; - = not said | Titik pantau; - = tidak disebut';
comment on column uptime.check_run.day is 'Day in the zone of the government | Hari menurut zona waktu pemerintah daerah';
comment on column uptime.check_run.time_class is 'Of its time: in_service, maintenance (announced), off_hours | Jenis waktu: in_service (jam layanan), maintenance (pemeliharaan diumumkan), off_hours (di luar jam layanan)';
comment on column uptime.check_run.status is 'What the checks say: up, down, maintenance, unknown | Hasil: up (aktif), down (mati), maintenance (pemeliharaan), unknown (tidak diketahui)';
comment on column uptime.check_run.first_at is 'First check (UTC) | Pemeriksaan pertama (UTC)';
comment on column uptime.check_run.last_at is 'Last check (UTC) | Pemeriksaan terakhir (UTC)';
comment on column uptime.check_run.checks is 'Checks in it | Jumlah pemeriksaan | checks';
comment on column uptime.check_run.cut_at is 'When the day, or the span of it with that time_class, ends (UTC) | Akhir hari atau akhir time_class itu (UTC)';

create or replace view uptime.day_run as
select feed_id, service_id, vantage, day, time_class, status, first_at, last_at, checks, cut_at
from uptime.check_run
union all
select
    check_day.feed_id,
    check_day.service_id,
    lake_run.vantage,
    check_day.day,
    'in_service' as time_class,
    lake_run.status,
    lake_run.first_at,
    lake_run.last_at,
    lake_run.checks,
    null as cut_at
from uptime.check_day as check_day
inner join meta.lake_run as lake_run
    on lake_run.feed_id = check_day.feed_id and lake_run.day = check_day.day and lake_run.service = check_day.known_as;
comment on view uptime.day_run is 'Checks in a row, from one vantage on one local day, that say the same and leave no time unknown between them | Rangkaian pemeriksaan berhasil sama dari satu titik pantau pada satu hari';
comment on column uptime.day_run.feed_id is 'Feed | Sumber';
comment on column uptime.day_run.service_id is 'Service | Layanan';
comment on column uptime.day_run.vantage is 'Where it is checked from; - = not said | Titik pantau; - = tidak disebut';
comment on column uptime.day_run.day is 'Day in the zone of the government | Hari menurut zona waktu pemerintah daerah';
comment on column uptime.day_run.time_class is 'Of its time: in_service, maintenance (announced), off_hours | Jenis waktu: in_service (jam layanan), maintenance (pemeliharaan diumumkan), off_hours (di luar jam layanan)';
comment on column uptime.day_run.status is 'What the checks say: up, down, maintenance, unknown | Hasil: up (aktif), down (mati), maintenance (pemeliharaan), unknown (tidak diketahui)';
comment on column uptime.day_run.first_at is 'First check (UTC) | Pemeriksaan pertama (UTC)';
comment on column uptime.day_run.last_at is 'Last check (UTC) | Pemeriksaan terakhir (UTC)';
comment on column uptime.day_run.checks is 'Checks in it | Jumlah pemeriksaan | checks';
comment on column uptime.day_run.cut_at is 'When the span of the day with that time_class ends (UTC); empty: the day does | Akhir time_class itu (UTC); kosong: akhir hari';

create table if not exists uptime.read_file (
    feed_id varchar not null,
    day date not null,
    sha256 varchar not null
);
comment on table uptime.read_file is 'Files of the lake whose checks are counted in check_day and check_run | Berkas danau yang sudah dihitung';
comment on column uptime.read_file.feed_id is 'Feed | Sumber';
comment on column uptime.read_file.day is 'Day of the file | Hari berkas';
comment on column uptime.read_file.sha256 is 'Hash of the file | Hash berkas';

create table if not exists uptime.touched_day (
    feed_id varchar not null,
    from_at timestamptz not null
);
comment on table uptime.touched_day is 'Work to do: days from here on must be rolled up again; written with the checks, removed with the roll-up | Hari yang harus dihitung ulang';
comment on column uptime.touched_day.feed_id is 'Feed | Sumber';
comment on column uptime.touched_day.from_at is 'Earliest moment whose state may have changed (UTC) | Waktu paling awal yang berubah (UTC)';

create table if not exists uptime.left_day (
    feed_id varchar not null,
    day date not null
);
comment on table uptime.left_day is 'Work to do: days to be merged anew from all artifacts, since checks that stood there have left, which may have replaced others | Hari yang harus digabung ulang dari semua berkas';
comment on column uptime.left_day.feed_id is 'Feed | Sumber';
comment on column uptime.left_day.day is 'Day of the file in the lake | Hari berkas';

create table if not exists uptime.rolled_up (
    feed_id varchar not null,
    settings_fingerprint varchar not null,
    latest_check_at timestamptz not null,
    flapping_s bigint
);
comment on table uptime.rolled_up is 'Up to where, and by which settings, a feed is rolled up | Batas dan pengaturan perhitungan terakhir';
comment on column uptime.rolled_up.feed_id is 'Feed | Sumber';
comment on column uptime.rolled_up.settings_fingerprint is 'Hash of the settings and the method that the roll-up depends on | Hash pengaturan dan metode';
comment on column uptime.rolled_up.latest_check_at is 'Latest check that was counted (UTC) | Pemeriksaan terakhir yang dihitung (UTC)';
comment on column uptime.rolled_up.flapping_s is 'Incidents less than this apart count as one in incidents_merged | Gangguan berjarak kurang dari ini dihitung satu dalam incidents_merged | s';
