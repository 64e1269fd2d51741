-- What the numbers are measured by and about: regions, agencies, services, instruments. Loaded from warehouse/reference/*.csv and the settings.
-- Comments read: English | Bahasa Indonesia | unit.
create schema if not exists ref;

create table if not exists ref.region (
    code varchar not null,
    name varchar not null,
    kind varchar not null,
    parent_code varchar,
    bps_code varchar,
    bps_name varchar,
    timezone varchar not null,
    valid_from date,
    valid_to date,
    source varchar
);
comment on table ref.region is 'Provinces, regencies and cities | Provinsi, kabupaten dan kota';
comment on column ref.region.code is 'Ministry of Home Affairs code, text: 63.10 is not 63.1 | Kode Kemendagri, teks: 63.10 bukan 63.1';
comment on column ref.region.name is 'Name | Nama';
comment on column ref.region.kind is 'province, regency or city | province (provinsi), regency (kabupaten) atau city (kota)';
comment on column ref.region.parent_code is 'Province of a regency or city | Provinsi induk';
comment on column ref.region.bps_code is 'Code of Statistics Indonesia; may differ | Kode BPS; dapat berbeda';
comment on column ref.region.bps_name is 'Name at Statistics Indonesia | Nama menurut BPS';
comment on column ref.region.timezone is 'IANA time zone its days are cut in | Zona waktu IANA';
comment on column ref.region.valid_from is 'First day the entry holds; empty = not known | Berlaku sejak; kosong = tidak diketahui';
comment on column ref.region.valid_to is 'Last day the entry holds; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.region.source is 'Where the entry is from | Asal data';

create table if not exists ref.government (
    code varchar not null,
    name varchar not null,
    timezone varchar not null,
    aliases varchar [] not null,
    configured boolean not null,
    valid_from date,
    valid_to date,
    source varchar
);
comment on table ref.government is 'Governments: every region, and what the settings add or rename | Pemerintah daerah: semua wilayah, ditambah pengaturan';
comment on column ref.government.code is 'Code, text | Kode, teks';
comment on column ref.government.name is 'Name | Nama';
comment on column ref.government.timezone is 'IANA time zone | Zona waktu IANA';
comment on column ref.government.aliases is 'Other names | Nama lain';
comment on column ref.government.configured is 'Named in the settings: its data is expected | Disebut dalam pengaturan: datanya diharapkan';
comment on column ref.government.valid_from is 'First day the entry holds; empty = not known | Berlaku sejak; kosong = tidak diketahui';
comment on column ref.government.valid_to is 'Last day the entry holds; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.government.source is 'Where the entry is from | Asal data';

create table if not exists ref.agency (
    government_code varchar not null,
    code varchar not null,
    name varchar not null,
    aliases varchar [] not null,
    valid_from date,
    valid_to date,
    source varchar
);
comment on table ref.agency is 'Agencies (SKPD) of a government; code - is the government itself | Perangkat daerah (SKPD); kode - adalah pemerintah daerah itu sendiri';
comment on column ref.agency.government_code is 'Government | Pemerintah daerah';
comment on column ref.agency.code is 'Agency code within the government | Kode SKPD';
comment on column ref.agency.name is 'Name | Nama';
comment on column ref.agency.aliases is 'Other names | Nama lain';
comment on column ref.agency.valid_from is 'First day the entry holds; empty = not known | Berlaku sejak; kosong = tidak diketahui';
comment on column ref.agency.valid_to is 'Last day the entry holds; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.agency.source is 'Where the entry is from | Asal data';

create table if not exists ref.service (
    feed_id varchar not null,
    code varchar not null,
    name varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    url varchar,
    objective double,
    valid_from date,
    valid_to date
);
comment on table ref.service is 'Monitored electronic services | Layanan elektronik yang dipantau';
comment on column ref.service.feed_id is 'Feed that watches it | Sumber yang memantau';
comment on column ref.service.code is 'Service id | Kode layanan';
comment on column ref.service.name is 'Name | Nama';
comment on column ref.service.government_code is 'Government that answers for it | Pemerintah daerah penanggung jawab';
comment on column ref.service.agency_code is 'Agency that answers for it; - = the government | SKPD penanggung jawab; - = pemerintah daerah';
comment on column ref.service.url is 'Address last checked | Alamat terakhir diperiksa';
comment on column ref.service.objective is 'Availability that is promised | Target ketersediaan | ratio';
comment on column ref.service.valid_from is 'Local day of its first check | Hari pemeriksaan pertama';
comment on column ref.service.valid_to is 'Last day; empty = still watched | Hari terakhir; kosong = masih dipantau';

create table if not exists ref.instrument (
    instrument_id varchar not null,
    name_id varchar not null,
    name_en varchar not null,
    value_min integer not null,
    value_max integer not null,
    value_den integer not null,
    valid_from date not null,
    valid_to date,
    known_at timestamptz not null,
    source varchar not null
);
comment on table ref.instrument is 'Yardsticks | Instrumen penilaian';
comment on column ref.instrument.instrument_id is 'SPBE2018, SPBE2020, PEMDI2026 | SPBE2018, SPBE2020, PEMDI2026';
comment on column ref.instrument.name_id is 'Name in Indonesian | Nama dalam bahasa Indonesia';
comment on column ref.instrument.name_en is 'Name in English | Nama dalam bahasa Inggris';
comment on column ref.instrument.value_min is 'Lowest value of an indicator | Nilai indikator terendah | level';
comment on column ref.instrument.value_max is 'Highest value of an indicator | Nilai indikator tertinggi | level';
comment on column ref.instrument.value_den is '1 = whole levels only, 100 = two decimals | 1 = tingkat bulat, 100 = dua desimal';
comment on column ref.instrument.valid_from is 'First day it applies | Berlaku sejak';
comment on column ref.instrument.valid_to is 'Last day it applies; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.instrument.known_at is 'When the rule became public (UTC) | Waktu aturan diumumkan (UTC)';
comment on column ref.instrument.source is 'Regulation | Peraturan';

create table if not exists ref.component (
    instrument_id varchar not null,
    component_id varchar not null,
    parent_id varchar,
    level varchar not null,
    ordinal integer not null,
    name_id varchar not null,
    name_en varchar not null,
    weight_num integer not null,
    weight_den integer not null,
    optional boolean not null,
    capability varchar,
    valid_from date not null,
    valid_to date,
    known_at timestamptz not null,
    source varchar not null
);
comment on table ref.component is 'Domains, aspects and indicators of an instrument | Domain, aspek dan indikator suatu instrumen';
comment on column ref.component.instrument_id is 'Instrument | Instrumen';
comment on column ref.component.component_id is 'D1, A1, 1, 35-2 ... | D1, A1, 1, 35-2 ...';
comment on column ref.component.parent_id is 'Aspect of an indicator, domain of an aspect | Aspek dari indikator, domain dari aspek';
comment on column ref.component.level is 'domain, aspect or indicator | domain, aspect (aspek) atau indicator (indikator)';
comment on column ref.component.ordinal is 'Order within the level | Urutan dalam tingkatnya';
comment on column ref.component.name_id is 'Name in Indonesian | Nama dalam bahasa Indonesia';
comment on column ref.component.name_en is 'Name in English | Nama dalam bahasa Inggris';
comment on column ref.component.weight_num is 'Weight in the whole index: numerator | Bobot dalam indeks: pembilang | percent';
comment on column ref.component.weight_den is 'Weight in the whole index: denominator | Bobot dalam indeks: penyebut';
comment on column ref.component.optional is 'May be left out; its aspect is then averaged over the others | Boleh tidak diisi; aspeknya dirata-rata dari yang lain';
comment on column ref.component.capability is 'process or function | process (proses) atau function (fungsi)';
comment on column ref.component.valid_from is 'First day it applies | Berlaku sejak';
comment on column ref.component.valid_to is 'Last day it applies; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.component.known_at is 'When the rule became public (UTC) | Waktu aturan diumumkan (UTC)';
comment on column ref.component.source is 'Regulation or its digest | Peraturan atau ringkasannya';

create table if not exists ref.band (
    instrument_id varchar not null,
    ordinal integer not null,
    predicate_id varchar not null,
    predicate_en varchar not null,
    min_inclusive decimal(5, 2) not null,
    max_exclusive decimal(5, 2) not null,
    valid_from date not null,
    valid_to date,
    known_at timestamptz not null,
    source varchar not null
);
comment on table ref.band is 'Predicate of an index value | Predikat nilai indeks';
comment on column ref.band.instrument_id is 'Instrument | Instrumen';
comment on column ref.band.ordinal is '1 = lowest | 1 = terendah';
comment on column ref.band.predicate_id is 'Predicate | Predikat';
comment on column ref.band.predicate_en is 'Predicate in English | Predikat dalam bahasa Inggris';
comment on column ref.band.min_inclusive is 'Lowest index value of the band | Nilai indeks terendah';
comment on column ref.band.max_exclusive is 'Index value from which the next band begins | Batas atas, tidak termasuk';
comment on column ref.band.valid_from is 'First day it applies | Berlaku sejak';
comment on column ref.band.valid_to is 'Last day it applies; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.band.known_at is 'When the rule became public (UTC) | Waktu aturan diumumkan (UTC)';
comment on column ref.band.source is 'Regulation or its digest | Peraturan atau ringkasannya';

create table if not exists ref.measurement_rule (
    rule_id varchar not null,
    family varchar not null,
    dimension varchar not null,
    indicator varchar not null,
    property varchar,
    applies_to varchar not null,
    max_points integer not null,
    valid_from date,
    valid_to date,
    known_at timestamptz not null,
    source varchar not null
);
comment on table ref.measurement_rule is 'What a measured property is worth | Nilai suatu sifat yang diukur';
comment on column ref.measurement_rule.rule_id is 'Rule | Aturan';
comment on column ref.measurement_rule.family is 'MQA = in the style of data.europa.eu | MQA = mengikuti gaya data.europa.eu';
comment on column ref.measurement_rule.dimension is 'findability, accessibility, interoperability, reusability or contextuality | keterjangkauan, akses, interoperabilitas, pemanfaatan kembali atau konteks';
comment on column ref.measurement_rule.indicator is 'Indicator | Indikator';
comment on column ref.measurement_rule.property is 'Property of the record it looks at | Sifat yang diperiksa';
comment on column ref.measurement_rule.applies_to is 'dataset or distribution | dataset atau distribution (distribusi)';
comment on column ref.measurement_rule.max_points is 'Points for having it | Poin maksimum | points';
comment on column ref.measurement_rule.valid_from is 'First day it applies | Berlaku sejak';
comment on column ref.measurement_rule.valid_to is 'Last day it applies; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.measurement_rule.known_at is 'When the rule became public (UTC) | Waktu aturan diumumkan (UTC)';
comment on column ref.measurement_rule.source is 'Where it is from | Asal aturan';

create table if not exists ref.level (
    instrument_id varchar not null,
    capability varchar,
    level integer not null,
    name_id varchar not null,
    name_en varchar not null,
    meaning_id varchar not null,
    meaning_en varchar not null,
    valid_from date not null,
    valid_to date,
    known_at timestamptz not null,
    source varchar not null
);
comment on table ref.level is 'What each level of an instrument means, in our words | Arti setiap tingkat instrumen, dengan kata-kata kami';
comment on column ref.level.instrument_id is 'Instrument | Instrumen';
comment on column ref.level.capability is 'process or function; empty = the instrument does not tell them apart | process (proses) atau function (fungsi); kosong = tidak dibedakan';
comment on column ref.level.level is 'Level | Tingkat | level';
comment on column ref.level.name_id is 'Name in Indonesian | Nama dalam bahasa Indonesia';
comment on column ref.level.name_en is 'Name in English | Nama dalam bahasa Inggris';
comment on column ref.level.meaning_id is 'Meaning in Indonesian | Arti dalam bahasa Indonesia';
comment on column ref.level.meaning_en is 'Meaning in English | Arti dalam bahasa Inggris';
comment on column ref.level.valid_from is 'First day it applies | Berlaku sejak';
comment on column ref.level.valid_to is 'Last day it applies; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.level.known_at is 'When the rule became public (UTC) | Waktu aturan diumumkan (UTC)';
comment on column ref.level.source is 'Regulation or its digest | Peraturan atau ringkasannya';

create table if not exists ref.evidence_rule (
    instrument_id varchar not null,
    indicator_id varchar not null,
    needed_from integer not null,
    contiguous boolean not null,
    holding varchar [] not null,
    max_age_months integer,
    valid_from date not null,
    valid_to date,
    known_at timestamptz not null,
    source varchar not null
);
comment on table ref.evidence_rule is 'What evidence a level needs | Bukti yang disyaratkan untuk suatu tingkat';
comment on column ref.evidence_rule.instrument_id is 'Instrument | Instrumen';
comment on column ref.evidence_rule.indicator_id is 'Indicator; * = all others of the instrument | Indikator; * = semua indikator lain';
comment on column ref.evidence_rule.needed_from is 'Lowest level that needs evidence | Tingkat terendah yang memerlukan bukti | level';
comment on column ref.evidence_rule.contiguous is 'Whether a level needs the evidence of every level below it | Apakah bukti semua tingkat di bawahnya ikut disyaratkan';
comment on column ref.evidence_rule.holding is 'Statuses of evidence that hold | Status bukti yang dianggap memenuhi';
comment on column ref.evidence_rule.max_age_months is 'Age at which evidence expires, at the start of the quarter; empty = none is known | Umur kedaluwarsa bukti; kosong = tidak diatur | months';
comment on column ref.evidence_rule.valid_from is 'First day it applies | Berlaku sejak';
comment on column ref.evidence_rule.valid_to is 'Last day it applies; empty = open | Berlaku sampai; kosong = masih berlaku';
comment on column ref.evidence_rule.known_at is 'When the rule became public (UTC) | Waktu aturan diumumkan (UTC)';
comment on column ref.evidence_rule.source is 'Regulation or its digest | Peraturan atau ringkasannya';
