-- Bookkeeping: what was received, judged and published. Comments read: English | Bahasa Indonesia | unit.
create schema if not exists meta;

create table if not exists meta.migration (
    schema_version integer not null,
    schema_fingerprint varchar not null,
    applied_at timestamptz not null
);
comment on table meta.migration is 'Schema states this file went through | Riwayat skema berkas ini';
comment on column meta.migration.schema_version is 'Number of the newest migration applied; 0 = the first schema | Nomor migrasi terbaru; 0 = skema pertama';
comment on column meta.migration.schema_fingerprint is 'sha256 of the schema files | sha256 berkas skema';
comment on column meta.migration.applied_at is 'When it was applied (UTC) | Waktu diterapkan (UTC)';

create table if not exists meta.artifact (
    sha256 varchar not null,
    bytes bigint not null,
    media_type varchar not null,
    feed_id varchar not null,
    source_name varchar not null,
    received_at timestamptz not null
);
comment on table meta.artifact is 'One row per archived file of a feed | Satu baris per berkas arsip suatu sumber';
comment on column meta.artifact.sha256 is 'Hash of the bytes; names the file in the archive | Hash isi berkas; nama berkas di arsip';
comment on column meta.artifact.bytes is 'Size | Ukuran | bytes';
comment on column meta.artifact.media_type is 'Media type, from the name | Jenis media, dari nama berkas';
comment on column meta.artifact.feed_id is 'Feed that brought it | Sumber yang mengirim';
comment on column meta.artifact.source_name is 'File name or address it came under | Nama berkas atau alamat asal';
comment on column meta.artifact.received_at is 'When it was first received (UTC) | Waktu pertama diterima (UTC)';

create table if not exists meta.batch (
    batch_id varchar not null,
    artifact_sha256 varchar not null,
    feed_id varchar not null,
    source_name varchar not null,
    parser_version varchar not null,
    suite_version varchar not null,
    received_at timestamptz not null,
    known_at timestamptz not null,
    run_id varchar not null,
    status varchar not null,
    read bigint not null,
    added bigint not null,
    updated bigint not null,
    unchanged bigint not null,
    rejected bigint not null,
    periods varchar [] not null,
    message varchar
);
comment on table meta.batch is 'One row per judged batch: artifact x parser version x suite version | Satu baris per batch yang dinilai: berkas x versi pembaca x versi aturan';
comment on column meta.batch.batch_id is 'Hash of feed, artifact, parser version and suite version | Hash sumber, berkas, versi pembaca dan versi aturan';
comment on column meta.batch.artifact_sha256 is 'Archived file | Berkas arsip';
comment on column meta.batch.feed_id is 'Feed | Sumber';
comment on column meta.batch.source_name is 'File name or address | Nama berkas atau alamat';
comment on column meta.batch.parser_version is 'Version of the reader | Versi pembaca';
comment on column meta.batch.suite_version is 'Version of the rules | Versi aturan';
comment on column meta.batch.received_at is 'When the artifact was received (UTC); if it came again in the place of a rejected one, then | Waktu berkas diterima (UTC); bila datang lagi menggantikan berkas yang ditolak, waktu itu';
comment on column meta.batch.known_at is 'When the batch was first judged (UTC); kept by a rebuild | Waktu batch pertama dinilai (UTC); tetap saat dibangun ulang';
comment on column meta.batch.run_id is 'Dagster run that judged it first | Proses Dagster yang pertama menilainya';
comment on column meta.batch.status is 'promoted or rejected | promoted (diterima) atau rejected (ditolak)';
comment on column meta.batch.read is 'Rows read = added + updated + unchanged + rejected | Baris dibaca = added + updated + unchanged + rejected | rows';
comment on column meta.batch.added is 'Rows new to the warehouse | Baris baru | rows';
comment on column meta.batch.updated is 'Rows that revise known ones | Baris yang merevisi | rows';
comment on column meta.batch.unchanged is 'Rows that say nothing new | Baris tanpa perubahan | rows';
comment on column meta.batch.rejected is 'Distinct rows set aside | Baris yang disisihkan | rows';
comment on column meta.batch.periods is 'Quarters that its accepted rows bear on | Triwulan yang dipengaruhi barisnya yang diterima';
comment on column meta.batch.message is 'Why it was rejected | Alasan penolakan';

create table if not exists meta.ingest_run (
    run_id varchar not null,
    feed_id varchar not null,
    started_at timestamptz not null,
    finished_at timestamptz not null,
    status varchar not null,
    batches bigint not null,
    batches_unchanged bigint not null,
    read bigint not null,
    added bigint not null,
    updated bigint not null,
    unchanged bigint not null,
    deleted bigint not null,
    rejected bigint not null,
    expected bigint,
    cursor varchar,
    message varchar
);
comment on table meta.ingest_run is 'Ledger: one row per feed and run | Buku catatan: satu baris per sumber dan proses';
comment on column meta.ingest_run.run_id is 'Dagster run | Proses Dagster';
comment on column meta.ingest_run.feed_id is 'Feed | Sumber';
comment on column meta.ingest_run.started_at is 'Start (UTC) | Mulai (UTC)';
comment on column meta.ingest_run.finished_at is 'End (UTC) | Selesai (UTC)';
comment on column meta.ingest_run.status is 'ok, unchanged, rejected (a current batch is rejected) or failed (the source could not be read) | ok, unchanged, rejected (batch ditolak) atau failed (sumber tidak terbaca)';
comment on column meta.ingest_run.batches is 'Batches seen | Jumlah batch | batches';
comment on column meta.ingest_run.batches_unchanged is 'Batches seen before: nothing was done | Batch yang sudah pernah dinilai | batches';
comment on column meta.ingest_run.read is 'Rows read = added + updated + unchanged + rejected | Baris dibaca = added + updated + unchanged + rejected | rows';
comment on column meta.ingest_run.added is 'Rows new to the warehouse | Baris baru | rows';
comment on column meta.ingest_run.updated is 'Rows that revise known ones | Baris yang merevisi | rows';
comment on column meta.ingest_run.unchanged is 'Rows that say nothing new | Baris tanpa perubahan | rows';
comment on column meta.ingest_run.deleted is 'Rows that the source no longer has | Baris yang hilang di sumber | rows';
comment on column meta.ingest_run.rejected is 'Distinct rows set aside | Baris yang disisihkan | rows';
comment on column meta.ingest_run.expected is 'Rows the source said it has, if it says | Jumlah baris menurut sumber | rows';
comment on column meta.ingest_run.cursor is 'How far the source was read | Posisi terakhir pembacaan sumber';
comment on column meta.ingest_run.message is 'What went wrong, in words | Penjelasan masalah';

create table if not exists meta.lake_partition (
    feed_id varchar not null,
    day date not null,
    file varchar not null,
    sha256 varchar not null,
    bytes bigint not null,
    rows bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null
);
comment on table meta.lake_partition is 'Manifest of the probe lake: the files that count | Daftar berkas danau data pemantauan yang berlaku';
comment on column meta.lake_partition.feed_id is 'Feed | Sumber';
comment on column meta.lake_partition.day is 'Local day of the checks | Hari setempat';
comment on column meta.lake_partition.file is 'Path below the lake folder | Lokasi berkas dalam folder danau';
comment on column meta.lake_partition.sha256 is 'Hash of the file | Hash berkas';
comment on column meta.lake_partition.bytes is 'Size | Ukuran | bytes';
comment on column meta.lake_partition.rows is 'Checks in the file | Jumlah pemeriksaan | rows';
comment on column meta.lake_partition.first_at is 'First check (UTC) | Pemeriksaan pertama (UTC)';
comment on column meta.lake_partition.last_at is 'Last check (UTC) | Pemeriksaan terakhir (UTC)';

create table if not exists meta.lake_run (
    feed_id varchar not null,
    day date not null,
    max_hold_s bigint not null,
    service varchar not null,
    vantage varchar not null,
    status varchar not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    checks bigint not null
);
comment on table meta.lake_run is 'Checks in a row of one file of the probe lake, of one name and vantage, that say the same and leave no time unknown between them | Rangkaian pemeriksaan berhasil sama dalam satu berkas danau';
comment on column meta.lake_run.feed_id is 'Feed | Sumber';
comment on column meta.lake_run.day is 'Day of the file | Hari berkas';
comment on column meta.lake_run.max_hold_s is 'So long a check was taken to speak when they were found | Lama satu pemeriksaan berlaku saat rangkaian dicari | s';
comment on column meta.lake_run.service is 'What the monitor calls it | Nama menurut pemantau';
comment on column meta.lake_run.vantage is 'Where it is checked from; - = not said | Titik pantau; - = tidak disebut';
comment on column meta.lake_run.status is 'What the checks say: up, down, maintenance, unknown | Hasil: up (aktif), down (mati), maintenance (pemeliharaan), unknown (tidak diketahui)';
comment on column meta.lake_run.first_at is 'First check (UTC) | Pemeriksaan pertama (UTC)';
comment on column meta.lake_run.last_at is 'Last check (UTC) | Pemeriksaan terakhir (UTC)';
comment on column meta.lake_run.checks is 'Checks in it | Jumlah pemeriksaan | checks';

create table if not exists meta.lake_target (
    feed_id varchar not null,
    day date not null,
    service varchar not null,
    vantage varchar not null,
    url varchar,
    certificate_expires_at timestamptz,
    first_at timestamptz not null,
    last_at timestamptz not null
);
comment on table meta.lake_target is 'Address and certificate that checks in a row of one file of the probe lake bear | Alamat dan sertifikat menurut pemeriksaan berurutan dalam satu berkas danau';
comment on column meta.lake_target.feed_id is 'Feed | Sumber';
comment on column meta.lake_target.day is 'Day of the file | Hari berkas';
comment on column meta.lake_target.service is 'What the monitor calls it | Nama menurut pemantau';
comment on column meta.lake_target.vantage is 'Where it is checked from; - = not said | Titik pantau; - = tidak disebut';
comment on column meta.lake_target.url is 'Address | Alamat';
comment on column meta.lake_target.certificate_expires_at is 'End of its certificate (UTC) | Akhir sertifikat (UTC)';
comment on column meta.lake_target.first_at is 'First check (UTC) | Pemeriksaan pertama (UTC)';
comment on column meta.lake_target.last_at is 'Last check (UTC) | Pemeriksaan terakhir (UTC)';

create table if not exists meta.lake_deletion (
    feed_id varchar not null,
    day date not null,
    file varchar not null,
    sha256 varchar not null,
    bytes bigint not null,
    rows bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    kept_from timestamptz not null,
    deleted_at timestamptz not null
);
comment on table meta.lake_deletion is 'Files of the probe lake that were let go of, as a feed''s keep_checks asks; what was reckoned of them stays | Berkas danau yang dihapus menurut keep_checks; hasil hitungannya tetap';
comment on column meta.lake_deletion.feed_id is 'Feed | Sumber';
comment on column meta.lake_deletion.day is 'Local day of the checks | Hari setempat';
comment on column meta.lake_deletion.file is 'Path below the lake folder | Lokasi berkas dalam folder danau';
comment on column meta.lake_deletion.sha256 is 'Hash of the file | Hash berkas';
comment on column meta.lake_deletion.bytes is 'Size | Ukuran | bytes';
comment on column meta.lake_deletion.rows is 'Checks in the file | Jumlah pemeriksaan | rows';
comment on column meta.lake_deletion.first_at is 'First check (UTC) | Pemeriksaan pertama (UTC)';
comment on column meta.lake_deletion.last_at is 'Last check (UTC) | Pemeriksaan terakhir (UTC)';
comment on column meta.lake_deletion.kept_from is 'Since when checks were kept then (UTC) | Batas penyimpanan saat itu (UTC)';
comment on column meta.lake_deletion.deleted_at is 'When the batch became known that made it too old (UTC) | Waktu batch yang membuatnya terlalu lama diketahui (UTC)';

create table if not exists meta.release (
    release_id varchar not null,
    period varchar not null,
    as_of timestamptz not null,
    input_fingerprint varchar not null,
    reference_fingerprint varchar not null,
    code_version varchar not null,
    created_at timestamptz not null
);
comment on table meta.release is 'One row per published refresh of a quarter; never changed afterwards | Satu baris per rilis triwulan; tidak pernah diubah';
comment on column meta.release.release_id is 'Hash of period, inputs, reference data and code version | Hash periode, masukan, data acuan dan versi kode';
comment on column meta.release.period is 'Quarter, such as 2026-Q3 | Triwulan, mis. 2026-Q3';
comment on column meta.release.as_of is 'Events known by then count (UTC) | Data yang diketahui sampai waktu ini dihitung (UTC)';
comment on column meta.release.input_fingerprint is 'Hash of the batches that count | Hash batch yang dihitung';
comment on column meta.release.reference_fingerprint is 'Hash of instruments, weights and bands | Hash instrumen, bobot dan predikat';
comment on column meta.release.code_version is 'Version of the method | Versi metode';
comment on column meta.release.created_at is 'When it was made (UTC) | Waktu dibuat (UTC)';

create table if not exists meta.publication (
    fingerprint varchar not null,
    published_at timestamptz not null
);
comment on table meta.publication is 'State that this published file shows (one row; empty in the live warehouse) | Keadaan yang ditampilkan berkas terbitan ini';
comment on column meta.publication.fingerprint is 'Hash of releases, batches and lake files | Hash rilis, batch dan berkas danau';
comment on column meta.publication.published_at is 'When it was published (UTC) | Waktu terbit (UTC)';

create table if not exists meta.dictionary (
    table_schema varchar not null,
    table_name varchar not null,
    column_name varchar not null,
    data_type varchar not null,
    unit varchar,
    description_id varchar,
    description_en varchar
);
comment on table meta.dictionary is 'Data dictionary: one row per column | Kamus data: satu baris per kolom';
comment on column meta.dictionary.table_schema is 'Schema | Skema';
comment on column meta.dictionary.table_name is 'Table or view | Tabel atau tampilan';
comment on column meta.dictionary.column_name is 'Column | Kolom';
comment on column meta.dictionary.data_type is 'DuckDB type | Tipe DuckDB';
comment on column meta.dictionary.unit is 'Unit, where there is one | Satuan, bila ada';
comment on column meta.dictionary.description_id is 'Meaning in Indonesian | Arti dalam bahasa Indonesia';
comment on column meta.dictionary.description_en is 'Meaning in English | Arti dalam bahasa Inggris';
