-- The register of evidence, and the levels that it holds up. Views over what was claimed, delivered and reviewed. Comments read: English | Bahasa Indonesia | unit.

-- Grain: a claim in force, with the rule on its evidence: its indicator's own, or else the instrument's.
create or replace view core.evidence_need as
select
    assessment.government_code,
    assessment.agency_code,
    assessment.period,
    assessment.instrument_id,
    assessment.indicator_id,
    assessment.stage,
    assessment.value as claimed,
    assessment.evidence_id,
    rule.needed_from,
    rule.contiguous,
    rule.holding,
    rule.max_age_months
from core.assessment_current as assessment
inner join ref.evidence_rule as rule
    on rule.instrument_id = assessment.instrument_id and rule.indicator_id in (assessment.indicator_id, '*')
where assessment.act <> 'withdrawal' and assessment.value is not null
qualify row_number() over (
    partition by assessment.government_code, assessment.agency_code, assessment.period, assessment.instrument_id, assessment.indicator_id, assessment.stage
    order by rule.indicator_id = '*'
) = 1;
comment on view core.evidence_need is 'Claims in force with the rule on their evidence | Klaim yang berlaku beserta aturan buktinya';

-- Grain: a file that a submission names. `level`: what the sender says it shows ("L3: perbup.pdf"); empty = all levels up to the one claimed.
create or replace view core.evidence as
with part as (
    select
        evidence_id,
        government_code,
        agency_code,
        evidence_date,
        unnest(string_split(file_name, ';')) as said,
        generate_subscripts(string_split(file_name, ';'), 1) as item
    from core.evidence_claim
),

named as (
    select
        evidence_id,
        item,
        government_code,
        agency_code,
        evidence_date,
        nullif(regexp_extract(said, '(?i)^\s*(?:l|level|tingkat)\s*([0-5])\s*[:=]', 1), '')::integer as level,
        trim(regexp_replace(said, '(?i)^\s*(?:l|level|tingkat)\s*[0-5]\s*[:=]', '')) as file_name
    from part
    where trim(said) <> ''
),

owner as (
    select distinct batch.feed_id, batch.artifact_sha256, result_by_owner.government_code, result_by_owner.agency_code
    from meta.batch as batch
    inner join quality.result_by_owner as result_by_owner using (batch_id)
    where result_by_owner.government_code is not null
),

delivery as (
    select owner.government_code, owner.agency_code, evidence_file.*
    from core.evidence_file as evidence_file
    inner join owner using (feed_id, artifact_sha256)
    qualify row_number() over (
        partition by owner.government_code, owner.agency_code, lower(evidence_file.file_name)
        order by evidence_file.received_at desc, evidence_file.sha256
    ) = 1
),

delivered as (
    select
        *,
        regexp_full_match(
            media_type,
            'application/pdf|image/(png|jpeg|gif|webp|bmp|tiff|heic)'
            || '|application/vnd\.openxmlformats-officedocument\.(wordprocessingml\.document|spreadsheetml\.sheet)'
        ) as is_of_accepted_kind,
        first(agency_code || ' ' || lower(file_name)) over same as first_name,
        agency_code || ' ' || lower(file_name) as own_name
    from delivery
    window same as (partition by government_code, sha256 order by received_at, agency_code, lower(file_name))
),

delivering as (
    select distinct government_code, agency_code
    from delivery
),

review as (
    select *
    from core.evidence_review
    qualify row_number() over (partition by government_code, agency_code, lower(file_name), sha256 order by reviewed_at desc, review_id desc) = 1
),

expiry as (
    select
        need.evidence_id,
        bool_and(
            coalesce(
                evidence_claim.evidence_date + to_months(need.max_age_months)
                < make_date(substr(need.period, 1, 4)::integer, 3 * substr(need.period, 7, 1)::integer - 2, 1),
                false
            )
        ) as is_expired
    from core.evidence_need as need
    inner join core.evidence_claim as evidence_claim using (evidence_id)
    group by need.evidence_id
)

select
    named.evidence_id,
    named.item,
    named.government_code,
    named.agency_code,
    named.file_name,
    named.level,
    named.evidence_date,
    delivered.sha256,
    delivered.bytes,
    delivered.media_type,
    delivered.received_at,
    case
        when review.status is not null then review.status
        when delivered.sha256 is null and delivering.government_code is not null then 'missing'
        when delivered.sha256 is null then 'claimed'
        when not delivered.is_of_accepted_kind then 'missing'
        when delivered.own_name <> delivered.first_name then 'duplicate'
        when expiry.is_expired then 'expired'
        else 'found'
    end as status,
    case
        when review.status is not null then review.reason
        when not delivered.is_of_accepted_kind
            then 'berkas bernama itu berisi ' || delivered.media_type || '; yang diterima: PDF, XLSX, DOCX atau gambar'
    end as reason,
    review.reviewed_at
from named
left join delivered
    on
        delivered.government_code = named.government_code
        and delivered.agency_code = named.agency_code
        and lower(delivered.file_name) = lower(named.file_name)
left join delivering on delivering.government_code = named.government_code and delivering.agency_code = named.agency_code
left join review
    on
        review.government_code = named.government_code
        and review.agency_code = named.agency_code
        and lower(review.file_name) = lower(named.file_name)
        and review.sha256 = delivered.sha256
left join expiry on expiry.evidence_id = named.evidence_id;
comment on view core.evidence is 'Register of evidence: a row per file that a submission names | Daftar bukti dukung: satu baris per berkas yang disebut';
comment on column core.evidence.evidence_id is 'Evidence as named in a submission | Bukti yang disebut dalam penilaian';
comment on column core.evidence.item is 'Which of the files named there, from 1 | Urutan berkas, dari 1';
comment on column core.evidence.government_code is 'Government | Pemerintah daerah';
comment on column core.evidence.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column core.evidence.file_name is 'File named | Nama berkas';
comment on column core.evidence.level is 'Level it shows, where the sender says (L3: name); empty = all up to the claimed one | Tingkat yang dibuktikan; kosong = semua | level';
comment on column core.evidence.evidence_date is 'Date of the document | Tanggal dokumen';
comment on column core.evidence.sha256 is 'Hash, once the file itself was received | Hash, bila berkasnya diterima';
comment on column core.evidence.bytes is 'Size | Ukuran | bytes';
comment on column core.evidence.media_type is 'Kind, told by its content | Jenis menurut isinya';
comment on column core.evidence.received_at is 'When it was received (UTC) | Waktu diterima (UTC)';
comment on column core.evidence.status is 'claimed (nothing came), missing (others came, or one of that name that is no PDF, XLSX, DOCX or picture), found, duplicate (same bytes under another name or agency), expired, accepted or returned | claimed (belum ada yang dikirim), missing (tidak ada di antara kiriman, atau isinya bukan PDF, XLSX, DOCX atau gambar), found (ada), duplicate (isi sama), expired (kedaluwarsa), accepted (diterima), returned (dikembalikan)';
comment on column core.evidence.reason is 'Why it was accepted or returned, or is missing though a file of that name came | Alasan diterima, dikembalikan, atau tidak dihitung';
comment on column core.evidence.reviewed_at is 'When a verifier said so (UTC) | Waktu pemeriksaan (UTC)';

-- Grain: a claim above the lowest level. A level is evidenced if it has evidence and all evidence it has holds; by the contiguous rule, only with every level below.
create or replace view core.evidenced_level as
with step as (
    select *, unnest(range(needed_from, floor(claimed)::integer + 1))::integer as level
    from core.evidence_need
),

backed as (
    select
        step.government_code,
        step.agency_code,
        step.period,
        step.instrument_id,
        step.indicator_id,
        step.stage,
        step.claimed,
        step.needed_from,
        step.contiguous,
        step.level,
        count(evidence.item) > 0 and coalesce(bool_and(list_contains(step.holding, evidence.status)), false) as holds,
        coalesce(
            string_agg(evidence.file_name || ' (' || evidence.status || ')', '; ' order by evidence.item)
                filter (where not list_contains(step.holding, evidence.status)),
            'no evidence named'
        ) as gap
    from step
    left join core.evidence as evidence on evidence.evidence_id = step.evidence_id and coalesce(evidence.level, step.level) = step.level
    group by all
)

select
    government_code,
    agency_code,
    period,
    instrument_id,
    indicator_id,
    stage,
    claimed,
    case
        when bool_and(holds) then max(level)
        when any_value(contiguous) then min(level) filter (where not holds) - 1
        else coalesce(max(level) filter (where holds), any_value(needed_from) - 1)
    end as evidenced,
    min(level) filter (where not holds) as first_gap,
    arg_min(gap, level) filter (where not holds) as reason
from backed
group by government_code, agency_code, period, instrument_id, indicator_id, stage, claimed;
comment on view core.evidenced_level is 'Levels claimed beside the levels that evidence holds up | Tingkat yang diklaim dan tingkat yang terbukti';
comment on column core.evidenced_level.government_code is 'Government | Pemerintah daerah';
comment on column core.evidenced_level.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column core.evidenced_level.period is 'Quarter | Triwulan';
comment on column core.evidenced_level.instrument_id is 'Instrument | Instrumen';
comment on column core.evidenced_level.indicator_id is 'Indicator | Indikator';
comment on column core.evidenced_level.stage is 'Stage | Tahap';
comment on column core.evidenced_level.claimed is 'Value claimed | Nilai yang diklaim | level';
comment on column core.evidenced_level.evidenced is 'Highest level held up by evidence | Tingkat tertinggi yang terbukti | level';
comment on column core.evidenced_level.first_gap is 'Lowest level that is not | Tingkat terendah yang belum terbukti | level';
comment on column core.evidenced_level.reason is 'What is wrong there | Kekurangannya';
