-- What people claimed and officials published, as events: appended, never overwritten. Comments read: English | Bahasa Indonesia | unit.
create schema if not exists core;

create table if not exists core.assessment (
    government_code varchar not null,
    agency_code varchar not null,
    period varchar not null,
    instrument_id varchar not null,
    indicator_id varchar not null,
    stage varchar not null,
    act varchar not null default 'claim',
    value decimal(5, 2),
    explanation varchar,
    evidence_id varchar,
    submitted_at timestamptz,
    known_at timestamptz not null,
    received_at timestamptz not null,
    feed_id varchar not null,
    batch_id varchar not null,
    artifact_sha256 varchar not null,
    source_row bigint not null
);
comment on table core.assessment is 'Claim events: one row per value that was said of an indicator | Pernyataan nilai indikator: satu baris per pernyataan';
comment on column core.assessment.government_code is 'Government | Pemerintah daerah';
comment on column core.assessment.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column core.assessment.period is 'Quarter it speaks of; a yearly evaluation of year Y is Y-Q4 | Triwulan; evaluasi tahunan Y adalah Y-Q4';
comment on column core.assessment.instrument_id is 'Instrument | Instrumen';
comment on column core.assessment.indicator_id is 'Indicator | Indikator';
comment on column core.assessment.stage is 'self, document, interview or final | self (mandiri), document (dokumen), interview (wawancara) atau final';
comment on column core.assessment.act is 'claim, override (an assessor set it, with a reason) or withdrawal (nothing is claimed any more) | claim (pernyataan), override (koreksi asesor) atau withdrawal (ditarik)';
comment on column core.assessment.value is 'Value; empty for a withdrawal | Nilai; kosong bila ditarik | level';
comment on column core.assessment.explanation is 'Why, in the words of who claimed, overrode or withdrew it | Penjelasan pengirim';
comment on column core.assessment.evidence_id is 'Evidence named | Bukti yang disebut';
comment on column core.assessment.submitted_at is 'When it was sent, as stated (UTC) | Waktu kirim menurut pengirim (UTC)';
comment on column core.assessment.known_at is 'When the system first knew it (UTC) | Waktu pertama diketahui sistem (UTC)';
comment on column core.assessment.received_at is 'When its file was received (UTC) | Waktu berkas diterima (UTC)';
comment on column core.assessment.feed_id is 'Feed | Sumber';
comment on column core.assessment.batch_id is 'Batch that brought it | Batch asal';
comment on column core.assessment.artifact_sha256 is 'File it stands in | Berkas asal';
comment on column core.assessment.source_row is 'Row of the file, the header being row 1 | Nomor baris, kepala tabel = 1';

create table if not exists core.submitter (
    artifact_sha256 varchar not null,
    source_row bigint not null,
    submitted_by varchar not null
);
comment on table core.submitter is 'Who sent a claim: names of people, never published | Pengirim: nama orang, tidak diterbitkan';
comment on column core.submitter.artifact_sha256 is 'File the claim stands in | Berkas asal';
comment on column core.submitter.source_row is 'Row of the file | Nomor baris';
comment on column core.submitter.submitted_by is 'Name as given | Nama pengirim';

create or replace view core.assessment_current as
select *
from core.assessment
qualify row_number() over (
    partition by government_code, agency_code, period, instrument_id, indicator_id, stage
    order by known_at desc, submitted_at desc nulls last, received_at desc, source_row desc
) = 1;
comment on view core.assessment_current is 'The last word on each indicator: the newest event by known_at, submitted_at, received_at, source_row | Pernyataan terakhir setiap indikator';

create table if not exists core.published_index (
    government_code varchar not null,
    period varchar not null,
    instrument_id varchar not null,
    component_id varchar not null,
    value decimal(5, 2) not null,
    predicate varchar,
    note varchar,
    source varchar not null,
    known_at timestamptz not null,
    received_at timestamptz not null,
    feed_id varchar not null,
    batch_id varchar not null,
    artifact_sha256 varchar not null,
    source_row bigint not null
);
comment on table core.published_index is 'Officially published numbers, as events | Angka yang diumumkan resmi';
comment on column core.published_index.government_code is 'Government | Pemerintah daerah';
comment on column core.published_index.period is 'Quarter; a yearly evaluation of year Y is Y-Q4 | Triwulan; evaluasi tahunan Y adalah Y-Q4';
comment on column core.published_index.instrument_id is 'Instrument | Instrumen';
comment on column core.published_index.component_id is '- = the index itself, else a domain or aspect | - = indeks, selain itu domain atau aspek';
comment on column core.published_index.value is 'Published value, already rounded by the publisher | Nilai yang diumumkan, sudah dibulatkan | level';
comment on column core.published_index.predicate is 'Predicate as published | Predikat menurut pengumuman';
comment on column core.published_index.note is 'What is doubtful about it | Catatan';
comment on column core.published_index.source is 'Where it was published | Asal pengumuman';
comment on column core.published_index.known_at is 'When the system first knew it (UTC) | Waktu pertama diketahui sistem (UTC)';
comment on column core.published_index.received_at is 'When its file was received (UTC) | Waktu berkas diterima (UTC)';
comment on column core.published_index.feed_id is 'Feed | Sumber';
comment on column core.published_index.batch_id is 'Batch that brought it | Batch asal';
comment on column core.published_index.artifact_sha256 is 'File it stands in | Berkas asal';
comment on column core.published_index.source_row is 'Row of the file, the header being row 1 | Nomor baris, kepala tabel = 1';

create table if not exists core.evidence_claim (
    evidence_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    file_name varchar not null,
    evidence_date date
);
comment on table core.evidence_claim is 'Evidence as submissions name it, several files between semicolons | Bukti dukung menurut penilaian, dipisahkan titik koma';
comment on column core.evidence_claim.evidence_id is 'Hash of government, agency, file name and date | Hash pemerintah daerah, SKPD, nama berkas dan tanggal';
comment on column core.evidence_claim.government_code is 'Government | Pemerintah daerah';
comment on column core.evidence_claim.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column core.evidence_claim.file_name is 'Files named, as written | Nama berkas sebagaimana ditulis';
comment on column core.evidence_claim.evidence_date is 'Date of the document | Tanggal dokumen';

create table if not exists core.evidence_file (
    feed_id varchar not null,
    artifact_sha256 varchar not null,
    file_name varchar not null,
    sha256 varchar not null,
    bytes bigint not null,
    media_type varchar not null,
    received_at timestamptz not null
);
comment on table core.evidence_file is 'Evidence files as they came beside a submission | Berkas bukti yang diterima bersama penilaian';
comment on column core.evidence_file.feed_id is 'Feed | Sumber';
comment on column core.evidence_file.artifact_sha256 is 'Submission they came with | Berkas penilaian yang disertainya';
comment on column core.evidence_file.file_name is 'File name | Nama berkas';
comment on column core.evidence_file.sha256 is 'Hash of its bytes | Hash isi berkas';
comment on column core.evidence_file.bytes is 'Size | Ukuran | bytes';
comment on column core.evidence_file.media_type is 'Kind, told by its content | Jenis menurut isinya';
comment on column core.evidence_file.received_at is 'When it was received (UTC) | Waktu diterima (UTC)';

create table if not exists core.evidence_review (
    review_id bigint not null,
    government_code varchar not null,
    agency_code varchar not null,
    file_name varchar not null,
    sha256 varchar not null,
    status varchar not null,
    reason varchar,
    document varchar,
    reviewed_at timestamptz not null
);
comment on table core.evidence_review is 'What verifiers said of evidence files | Hasil pemeriksaan berkas bukti';
comment on column core.evidence_review.review_id is 'Number of the review | Nomor pemeriksaan';
comment on column core.evidence_review.government_code is 'Government | Pemerintah daerah';
comment on column core.evidence_review.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column core.evidence_review.file_name is 'File reviewed | Berkas yang diperiksa';
comment on column core.evidence_review.sha256 is 'Hash of the bytes reviewed: another file of that name is not reviewed yet | Hash isi yang diperiksa';
comment on column core.evidence_review.status is 'accepted or returned | accepted (diterima) atau returned (dikembalikan)';
comment on column core.evidence_review.reason is 'Why | Alasan';
comment on column core.evidence_review.document is 'Document that records it | Dokumen pendukung';
comment on column core.evidence_review.reviewed_at is 'When (UTC) | Waktu (UTC)';

create table if not exists core.reviewer (
    review_id bigint not null,
    reviewed_by varchar not null
);
comment on table core.reviewer is 'Who reviewed evidence: not published | Pemeriksa bukti: tidak diterbitkan';
comment on column core.reviewer.review_id is 'Number of the review | Nomor pemeriksaan';
comment on column core.reviewer.reviewed_by is 'Name of the verifier | Nama pemeriksa';
