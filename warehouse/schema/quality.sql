-- What the rules found: every outcome, every failed row. Comments read: English | Bahasa Indonesia | unit.
create schema if not exists quality;

create table if not exists quality.rule (
    rule_id varchar not null,
    version integer not null,
    suite varchar not null,
    table_name varchar not null,
    column_name varchar,
    expectation_type varchar not null,
    dimension varchar not null,
    severity varchar not null,
    scope varchar not null,
    owner varchar not null,
    sentence_id varchar not null,
    sentence_en varchar not null,
    valid_from timestamptz not null,
    valid_to timestamptz
);
comment on table quality.rule is 'Catalogue of rules, with their history | Katalog aturan beserta riwayatnya';
comment on column quality.rule.rule_id is 'Rule, stable | Kode aturan, tetap';
comment on column quality.rule.version is 'Version of the rule | Versi aturan';
comment on column quality.rule.suite is 'Suite it belongs to | Kelompok aturan';
comment on column quality.rule.table_name is 'Table the rows are meant for | Tabel tujuan';
comment on column quality.rule.column_name is 'Column it looks at | Kolom yang diperiksa';
comment on column quality.rule.expectation_type is 'Great Expectations type | Jenis Great Expectations';
comment on column quality.rule.dimension is 'accuracy, completeness, conformity, consistency, coverage, timeliness or uniqueness | akurasi, kelengkapan, kesesuaian, konsistensi, cakupan, ketepatan waktu atau keunikan';
comment on column quality.rule.severity is 'critical, warning or info | critical (kritis), warning (peringatan) atau info';
comment on column quality.rule.scope is 'row (sets rows aside) or batch (rejects the batch) | row (menyisihkan baris) atau batch (menolak batch)';
comment on column quality.rule.owner is 'Who answers for the rule | Penanggung jawab aturan';
comment on column quality.rule.sentence_id is 'What must hold, in Indonesian | Yang harus dipenuhi';
comment on column quality.rule.sentence_en is 'What must hold, in English | Yang harus dipenuhi, dalam bahasa Inggris';
comment on column quality.rule.valid_from is 'Since when it is used (UTC) | Dipakai sejak (UTC)';
comment on column quality.rule.valid_to is 'Until when; empty = in use | Dipakai sampai; kosong = masih dipakai';

create table if not exists quality.expectation_result (
    result_id varchar not null,
    run_id varchar not null,
    batch_id varchar not null,
    feed_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    suite varchar not null,
    table_name varchar not null,
    column_name varchar,
    rule_id varchar not null,
    expectation_type varchar not null,
    kwargs varchar not null,
    dimension varchar not null,
    severity varchar not null,
    scope varchar not null,
    status varchar not null,
    element_count bigint not null,
    evaluated_count bigint not null,
    unexpected_count bigint not null,
    missing_count bigint not null,
    observed_value varchar,
    reproduce_sql varchar not null,
    detected_at timestamptz not null
);
comment on table quality.expectation_result is 'One row per rule and batch, passes included | Satu baris per aturan dan batch, termasuk yang lulus';
comment on column quality.expectation_result.result_id is 'Hash of batch and rule | Hash batch dan aturan';
comment on column quality.expectation_result.run_id is 'Dagster run that judged it first | Proses Dagster yang pertama menilai';
comment on column quality.expectation_result.batch_id is 'Batch | Batch';
comment on column quality.expectation_result.feed_id is 'Feed | Sumber';
comment on column quality.expectation_result.government_code is 'Government of the feed | Pemerintah daerah sumber';
comment on column quality.expectation_result.agency_code is 'Agency of the feed; - = the government | SKPD sumber; - = pemerintah daerah';
comment on column quality.expectation_result.suite is 'Suite | Kelompok aturan';
comment on column quality.expectation_result.table_name is 'Table the rows are meant for | Tabel tujuan';
comment on column quality.expectation_result.column_name is 'Column the rule looks at | Kolom yang diperiksa';
comment on column quality.expectation_result.rule_id is 'Rule | Aturan';
comment on column quality.expectation_result.expectation_type is 'Great Expectations type | Jenis Great Expectations';
comment on column quality.expectation_result.kwargs is 'Its arguments (JSON) | Argumen (JSON)';
comment on column quality.expectation_result.dimension is 'Quality dimension (ODCS) | Dimensi mutu (ODCS)';
comment on column quality.expectation_result.severity is 'critical, warning or info | critical (kritis), warning (peringatan) atau info';
comment on column quality.expectation_result.scope is 'row or batch | row (baris) atau batch';
comment on column quality.expectation_result.status is 'pass, warn, fail, error (could not run) or not_evaluated (nothing to check) | pass (lulus), warn, fail (gagal), error, not_evaluated (tidak dinilai)';
comment on column quality.expectation_result.element_count is 'Rows in the batch | Baris dalam batch | rows';
comment on column quality.expectation_result.evaluated_count is 'Rows the rule applied to | Baris yang dinilai | rows';
comment on column quality.expectation_result.unexpected_count is 'Rows that broke it (duplicates: every row of a group) | Baris yang melanggar | rows';
comment on column quality.expectation_result.missing_count is 'Rows it did not apply to | Baris yang tidak dinilai | rows';
comment on column quality.expectation_result.observed_value is 'What was seen, where it is one value | Nilai teramati';
comment on column quality.expectation_result.reproduce_sql is 'Query over the name batch that finds the rows again (kesiapan batch) | Kueri untuk menemukan kembali barisnya';
comment on column quality.expectation_result.detected_at is 'When (UTC) | Waktu (UTC)';

create table if not exists quality.failed_row (
    result_id varchar not null,
    batch_id varchar not null,
    feed_id varchar not null,
    rule_id varchar not null,
    severity varchar not null,
    row_key varchar not null,
    business_key varchar,
    row json not null,
    reason varchar not null,
    resolved_by_batch varchar,
    resolved_at timestamptz
);
comment on table quality.failed_row is 'One row per failed row and rule, all of them | Satu baris per baris gagal dan aturan, seluruhnya';
comment on column quality.failed_row.result_id is 'Result it belongs to | Hasil aturan terkait';
comment on column quality.failed_row.batch_id is 'Batch | Batch';
comment on column quality.failed_row.feed_id is 'Feed | Sumber';
comment on column quality.failed_row.rule_id is 'Rule | Aturan';
comment on column quality.failed_row.severity is 'critical rows are set aside, others were kept | critical disisihkan, lainnya tetap dipakai';
comment on column quality.failed_row.row_key is 'Artifact and source row | Berkas dan nomor baris';
comment on column quality.failed_row.business_key is 'What the row is about | Kunci bisnis';
comment on column quality.failed_row.row is 'The whole row | Isi baris';
comment on column quality.failed_row.reason is 'What was wrong, with the values found | Alasan beserta nilainya';
comment on column quality.failed_row.resolved_by_batch is 'Later batch in which it came right | Batch perbaikannya';
comment on column quality.failed_row.resolved_at is 'When that batch became known (UTC) | Waktu batch perbaikan diketahui (UTC)';

create table if not exists quality.result_by_owner (
    result_id varchar not null,
    batch_id varchar not null,
    rule_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    period varchar,
    evaluated_count bigint not null,
    unexpected_count bigint not null
);
comment on table quality.result_by_owner is 'Outcomes split by the government, agency and quarter that the rows name | Hasil aturan menurut pemerintah daerah, SKPD dan triwulan pada barisnya';
comment on column quality.result_by_owner.result_id is 'Result | Hasil aturan';
comment on column quality.result_by_owner.batch_id is 'Batch | Batch';
comment on column quality.result_by_owner.rule_id is 'Rule | Aturan';
comment on column quality.result_by_owner.government_code is 'Government the rows name, if it is known; else that of the feed | Pemerintah daerah pada baris, bila dikenal; selain itu milik sumber';
comment on column quality.result_by_owner.agency_code is 'Agency the rows name, if it is known; else - | SKPD pada baris, bila dikenal; selain itu -';
comment on column quality.result_by_owner.period is 'Quarter the rows name; empty = the quarters of the batch (quality.batch_quarter) | Triwulan pada baris; kosong = triwulan batch (quality.batch_quarter)';
comment on column quality.result_by_owner.evaluated_count is 'Rows the rule applied to | Baris yang dinilai | rows';
comment on column quality.result_by_owner.unexpected_count is 'Rows that broke it | Baris yang melanggar | rows';

create table if not exists quality.column_profile (
    batch_id varchar not null,
    feed_id varchar not null,
    origin varchar not null,
    column_name varchar not null,
    rows bigint not null,
    nulls bigint,
    null_share double,
    distinct_values bigint,
    min_value varchar,
    max_value varchar,
    mean double,
    deviation double,
    top_values json
);
comment on table quality.column_profile is 'What each column of a batch looked like: what later batches are compared with | Profil setiap kolom suatu batch';
comment on column quality.column_profile.batch_id is 'Batch | Batch';
comment on column quality.column_profile.feed_id is 'Feed | Sumber';
comment on column quality.column_profile.origin is 'source = column of the file as sent, staged = typed column | source = kolom berkas, staged = kolom bertipe';
comment on column quality.column_profile.column_name is 'Column | Kolom';
comment on column quality.column_profile.rows is 'Rows of the batch | Jumlah baris | rows';
comment on column quality.column_profile.nulls is 'Rows without a value | Baris tanpa nilai | rows';
comment on column quality.column_profile.null_share is 'nulls / rows | bagian baris tanpa nilai | ratio';
comment on column quality.column_profile.distinct_values is 'Distinct values, approximately; null for text that another column was read from | Perkiraan jumlah nilai berbeda; kosong untuk teks asal kolom lain | values';
comment on column quality.column_profile.min_value is 'Smallest value; null for text that another column was read from | Nilai terkecil; kosong untuk teks asal kolom lain';
comment on column quality.column_profile.max_value is 'Largest value; null for text that another column was read from | Nilai terbesar; kosong untuk teks asal kolom lain';
comment on column quality.column_profile.mean is 'Mean, of numbers | Rata-rata, untuk angka';
comment on column quality.column_profile.deviation is 'Standard deviation, of numbers | Simpangan baku, untuk angka';
comment on column quality.column_profile.top_values is 'Rows by value, where there are at most 50 values | Jumlah baris per nilai, bila nilainya paling banyak 50';

create table if not exists quality.score (
    period varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    feed_id varchar not null,
    dimension varchar not null,
    score double,
    rules bigint not null,
    passed bigint not null,
    rows_checked bigint not null,
    rows_failed bigint not null,
    reason varchar
);
comment on table quality.score is 'Data quality per quarter, feed and dimension; dimension all = in total | Mutu data per triwulan, sumber dan dimensi; all = keseluruhan';
comment on column quality.score.period is 'Quarter | Triwulan';
comment on column quality.score.government_code is 'Government of the feed | Pemerintah daerah';
comment on column quality.score.agency_code is 'Agency; - = the government | SKPD; - = pemerintah daerah';
comment on column quality.score.feed_id is 'Feed; all = all of them together, - = none | Sumber; all = semuanya, - = tidak ada';
comment on column quality.score.dimension is 'Quality dimension (ODCS), or all | Dimensi mutu (ODCS), atau all';
comment on column quality.score.score is '1 - rows_failed / rows_checked over the rules evaluated; empty if none was | 1 - baris gagal / baris dinilai; kosong bila tidak ada | ratio';
comment on column quality.score.rules is 'Rules evaluated | Aturan yang dinilai | rules';
comment on column quality.score.passed is 'Rules passed | Aturan yang lulus | rules';
comment on column quality.score.rows_checked is 'Row checks made: rows times rules that applied | Pemeriksaan baris | row checks';
comment on column quality.score.rows_failed is 'Row checks failed | Pemeriksaan baris yang gagal | row checks';
comment on column quality.score.reason is 'Why there is no score | Alasan tanpa skor';

-- A feed's current batches: for each source name, the one judged last.
create or replace view quality.current_batch as
select *
from meta.batch
qualify row_number() over (partition by feed_id, source_name order by received_at desc, known_at desc, batch_id desc) = 1;
comment on view quality.current_batch is 'The newest batch of each source name: what the checks of a feed speak of | Batch terbaru setiap nama sumber';

create or replace view quality.current_result as
select expectation_result.*, current_batch.source_name
from quality.expectation_result
inner join quality.current_batch as current_batch using (batch_id);
comment on view quality.current_result is 'Outcomes of the current batches | Hasil aturan untuk batch terkini';

-- Grain: current batch, quarter that its outcomes count for: those it speaks of, and those that its rows name, set aside or not. A quarter of before 2018, or
-- of after the batch came, is named wrongly. Where there is none, it is the quarter in which the batch came.
create or replace view quality.batch_quarter as
with came as (
    select
        current_batch.batch_id,
        current_batch.periods,
        timezone(coalesce(government.timezone, 'UTC'), current_batch.received_at) as came_at,
        year(came_at) || '-Q' || quarter(came_at) as came_in
    from quality.current_batch as current_batch
    inner join (select distinct batch_id, government_code from quality.expectation_result) as judged using (batch_id)
    left join ref.government as government on government.code = judged.government_code
),

spoken_of as (
    select batch_id, unnest(periods) as period from came
    union
    select came.batch_id, by_owner.period
    from came
    inner join quality.result_by_owner as by_owner using (batch_id)
    where by_owner.period between '2018-Q1' and came.came_in
)

select came.batch_id, coalesce(spoken_of.period, came.came_in) as period
from came
left join spoken_of using (batch_id);
comment on view quality.batch_quarter is 'Quarters that the outcomes of a current batch count for | Triwulan tempat hasil batch terkini dihitung';

create table if not exists quality.scored_batch (period varchar not null, batch_id varchar not null);
comment on table quality.scored_batch is 'Batches that the scores of a quarter were reckoned from | Batch yang menjadi dasar skor suatu triwulan';
comment on column quality.scored_batch.period is 'Quarter | Triwulan';
comment on column quality.scored_batch.batch_id is 'Batch | Batch';

-- Quarters in which only rows that were set aside wait to be counted: no release is due for them, scores are.
create or replace view quality.unscored_quarter as
select distinct batch_quarter.period
from quality.batch_quarter as batch_quarter
inner join meta.batch as batch using (batch_id)
anti join quality.scored_batch as scored_batch using (period, batch_id)
where not list_contains(batch.periods, batch_quarter.period);
comment on view quality.unscored_quarter is 'Quarters whose scores do not count some batch yet | Triwulan yang skornya belum memuat suatu batch';

-- Rules on tables that we reckon ourselves (they come from no feed) and that do not hold: they keep the published file as it is.
create or replace view quality.broken_invariant as
select *
from quality.expectation_result
where feed_id = '-' and severity = 'critical' and status in ('fail', 'error');
comment on view quality.broken_invariant is 'Invariants that do not hold: nothing is published while there are any | Invarian yang dilanggar: penerbitan ditahan';

create or replace view quality.score_trend as
select
    *,
    lag(period) over history as earlier_period,
    score - lag(score) over history as delta
from quality.score
where score is not null
window history as (partition by government_code, agency_code, feed_id, dimension order by period);
comment on view quality.score_trend is 'Scores with the change since the quarter before that had one | Skor beserta perubahannya';

create or replace view quality.costliest_rule as
select
    current_result.rule_id,
    any_value(current_result.dimension) as dimension,
    any_value(current_result.severity) as severity,
    any_value(rule.sentence_id) as sentence_id,
    any_value(rule.sentence_en) as sentence_en,
    sum(current_result.unexpected_count)::bigint as rows_failed,
    sum(current_result.evaluated_count)::bigint as rows_checked,
    count(distinct current_result.feed_id) as feeds
from quality.current_result as current_result
left join quality.rule as rule on rule.rule_id = current_result.rule_id and rule.valid_to is null
where current_result.scope = 'row' and current_result.severity <> 'info' and current_result.unexpected_count > 0
group by current_result.rule_id
order by rows_failed desc, current_result.rule_id
limit 10;
comment on view quality.costliest_rule is 'The ten rules that most rows of the current batches break | Sepuluh aturan yang paling banyak dilanggar';
