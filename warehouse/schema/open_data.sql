-- Open-data catalogues as harvested, and what their records are worth. Comments read: English | Bahasa Indonesia | unit.
create schema if not exists open_data;

create table if not exists open_data.dataset (
    feed_id varchar not null,
    government_code varchar not null,
    dataset_id varchar not null,
    version varchar not null,
    title varchar,
    description varchar,
    publisher varchar,
    keywords varchar [] not null,
    themes varchar [] not null,
    spatial varchar,
    temporal varchar,
    license varchar,
    contact varchar,
    landing_page varchar,
    issued varchar,
    modified varchar,
    modified_at timestamptz,
    distributions integer not null,
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    deleted_at timestamptz,
    batch_id varchar not null,
    artifact_sha256 varchar not null,
    source_row bigint not null
);
comment on table open_data.dataset is 'One row per feed, dataset and version seen | Satu baris per sumber, dataset dan versi';
comment on column open_data.dataset.feed_id is 'Feed | Sumber';
comment on column open_data.dataset.government_code is 'Government whose catalogue it is | Pemerintah daerah pemilik katalog';
comment on column open_data.dataset.dataset_id is 'Identifier in the catalogue | Pengenal di katalog';
comment on column open_data.dataset.version is 'Hash of the record: changes when the record does | Hash isi; berubah bila isinya berubah';
comment on column open_data.dataset.title is 'Title | Judul';
comment on column open_data.dataset.description is 'Description | Uraian';
comment on column open_data.dataset.publisher is 'Publisher | Penerbit';
comment on column open_data.dataset.keywords is 'Keywords | Kata kunci';
comment on column open_data.dataset.themes is 'Categories | Kategori';
comment on column open_data.dataset.spatial is 'Area covered | Cakupan wilayah';
comment on column open_data.dataset.temporal is 'Time covered | Cakupan waktu';
comment on column open_data.dataset.license is 'Licence | Lisensi';
comment on column open_data.dataset.contact is 'Contact | Kontak';
comment on column open_data.dataset.landing_page is 'Page for people | Halaman dataset';
comment on column open_data.dataset.issued is 'Date of issue, as stated | Tanggal terbit menurut katalog';
comment on column open_data.dataset.modified is 'Date of change, as stated (may be a repeat such as R/P1W) | Tanggal perubahan menurut katalog';
comment on column open_data.dataset.modified_at is 'The same as a time, where it is one (UTC) | Waktu perubahan, bila berupa waktu (UTC)';
comment on column open_data.dataset.distributions is 'Files and services offered | Jumlah berkas dan layanan | distributions';
comment on column open_data.dataset.first_seen is 'First harvest that had this version (UTC) | Pertama terlihat (UTC)';
comment on column open_data.dataset.last_seen is 'Last harvest that had it (UTC) | Terakhir terlihat (UTC)';
comment on column open_data.dataset.deleted_at is 'Harvest that no longer had it (UTC) | Waktu tidak lagi terlihat (UTC)';
comment on column open_data.dataset.batch_id is 'Batch that brought it | Batch asal';
comment on column open_data.dataset.artifact_sha256 is 'Reply it stands in | Berkas asal';
comment on column open_data.dataset.source_row is 'Position in the reply, from 1 | Urutan dalam berkas, dari 1';

create table if not exists open_data.distribution (
    feed_id varchar not null,
    government_code varchar not null,
    dataset_id varchar not null,
    version varchar not null,
    position integer not null,
    title varchar,
    description varchar,
    access_url varchar,
    download_url varchar,
    format varchar,
    media_type varchar,
    license varchar,
    rights varchar,
    byte_size bigint,
    issued varchar,
    modified varchar,
    checksum varchar,
    batch_id varchar not null,
    artifact_sha256 varchar not null,
    source_row bigint not null
);
comment on table open_data.distribution is 'One row per feed, dataset and distribution (file or service) of the newest version of the dataset: a new version replaces them, a dataset that is gone keeps those it had last | Satu baris per sumber, dataset dan distribusi (berkas atau layanan) pada versi terbaru dataset: versi baru menggantikannya, dataset yang hilang menyimpan yang terakhir';
comment on column open_data.distribution.feed_id is 'Feed | Sumber';
comment on column open_data.distribution.government_code is 'Government whose catalogue it is | Pemerintah daerah pemilik katalog';
comment on column open_data.distribution.dataset_id is 'Dataset that offers it | Dataset yang menawarkannya';
comment on column open_data.distribution.version is 'Version of the dataset | Versi dataset';
comment on column open_data.distribution.position is 'Position in the dataset, from 1 | Urutan dalam dataset, dari 1';
comment on column open_data.distribution.title is 'Title | Judul';
comment on column open_data.distribution.description is 'Description | Uraian';
comment on column open_data.distribution.access_url is 'Address of the page or service that gives access | Alamat akses';
comment on column open_data.distribution.download_url is 'Address of the file itself | Alamat unduhan';
comment on column open_data.distribution.format is 'Format, as stated | Format menurut katalog';
comment on column open_data.distribution.media_type is 'Media type, as stated | Jenis media menurut katalog';
comment on column open_data.distribution.license is 'Licence of its own; empty = that of the dataset | Lisensi tersendiri; kosong = lisensi dataset';
comment on column open_data.distribution.rights is 'Statement of rights | Pernyataan hak';
comment on column open_data.distribution.byte_size is 'Size, as stated | Ukuran menurut katalog | bytes';
comment on column open_data.distribution.issued is 'Date of issue, as stated | Tanggal terbit menurut katalog';
comment on column open_data.distribution.modified is 'Date of change, as stated | Tanggal perubahan menurut katalog';
comment on column open_data.distribution.checksum is 'Checksum, as stated | Checksum menurut katalog';
comment on column open_data.distribution.batch_id is 'Batch that brought it | Batch asal';
comment on column open_data.distribution.artifact_sha256 is 'Reply it stands in | Berkas asal';
comment on column open_data.distribution.source_row is 'Position of its dataset in the reply, from 1 | Urutan datasetnya dalam berkas, dari 1';

create table if not exists open_data.dataset_score (
    feed_id varchar not null,
    dataset_id varchar not null,
    day date not null,
    findability integer,
    accessibility integer,
    interoperability integer,
    reusability integer,
    contextuality integer,
    score integer not null,
    evaluable_points integer not null,
    rating varchar,
    stars integer
);
comment on table open_data.dataset_score is 'Points of a dataset, MQA-style; empty = not evaluated, which is not 0 | Poin dataset gaya MQA; kosong = belum dinilai';
comment on column open_data.dataset_score.feed_id is 'Feed | Sumber';
comment on column open_data.dataset_score.dataset_id is 'Dataset | Dataset';
comment on column open_data.dataset_score.day is 'Local day it was seen | Hari terlihat';
comment on column open_data.dataset_score.findability is 'Findability points, of 100 | Poin keterjangkauan, dari 100 | points';
comment on column open_data.dataset_score.accessibility is 'Accessibility points, of 100 | Poin akses, dari 100 | points';
comment on column open_data.dataset_score.interoperability is 'Interoperability points, of 110 | Poin interoperabilitas, dari 110 | points';
comment on column open_data.dataset_score.reusability is 'Reusability points, of 75 | Poin pemanfaatan kembali, dari 75 | points';
comment on column open_data.dataset_score.contextuality is 'Contextuality points, of 20 | Poin konteks, dari 20 | points';
comment on column open_data.dataset_score.score is 'Sum of the points given | Jumlah poin | points';
comment on column open_data.dataset_score.evaluable_points is 'Points that could be given by what was evaluated | Poin maksimum yang dinilai | points';
comment on column open_data.dataset_score.rating is 'Rating, only where all 405 points were evaluated | Peringkat, hanya bila 405 poin dinilai';
comment on column open_data.dataset_score.stars is 'Openness stars 0..5 | Bintang keterbukaan 0..5 | stars';

create table if not exists open_data.dataset_indicator (
    feed_id varchar not null,
    dataset_id varchar not null,
    day date not null,
    dimension varchar not null,
    indicator varchar not null,
    status varchar not null,
    points integer not null,
    max_points integer not null,
    reason varchar not null,
    rule_id varchar not null
);
comment on table open_data.dataset_indicator is 'Why a dataset got its points | Alasan poin dataset';
comment on column open_data.dataset_indicator.feed_id is 'Feed | Sumber';
comment on column open_data.dataset_indicator.dataset_id is 'Dataset | Dataset';
comment on column open_data.dataset_indicator.day is 'Local day it was seen | Hari terlihat';
comment on column open_data.dataset_indicator.dimension is 'Dimension | Dimensi';
comment on column open_data.dataset_indicator.indicator is 'Indicator | Indikator';
comment on column open_data.dataset_indicator.status is 'pass or fail | pass (terpenuhi) atau fail (tidak)';
comment on column open_data.dataset_indicator.points is 'Points given | Poin | points';
comment on column open_data.dataset_indicator.max_points is 'Points to be had | Poin maksimum | points';
comment on column open_data.dataset_indicator.reason is 'What was found | Temuan';
comment on column open_data.dataset_indicator.rule_id is 'Rule | Aturan';
