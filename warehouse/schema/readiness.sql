-- What the evidence means: indices and their components. The reckoning itself stands here once, as macros over the time by which events were
-- known, so that a release and any past "now" are the same query. Comments read: English | Bahasa Indonesia | unit.
create schema if not exists readiness;

create table if not exists readiness.index_score (
    release_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    period varchar not null,
    instrument_id varchar not null,
    stage varchar not null,
    score_num bigint not null,
    score_den bigint not null,
    score double not null,
    index_value decimal(5, 2) not null,
    predicate varchar,
    answered_weight double not null,
    low decimal(5, 2) not null,
    high decimal(5, 2) not null,
    obs_status varchar not null,
    as_of timestamptz not null
);
comment on table readiness.index_score is 'Index per release, government, agency, period, instrument and stage | Indeks per rilis, pemerintah daerah, SKPD, periode, instrumen dan tahap';
comment on column readiness.index_score.release_id is 'Release | Rilis';
comment on column readiness.index_score.government_code is 'Government | Pemerintah daerah';
comment on column readiness.index_score.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column readiness.index_score.period is 'Quarter; a yearly evaluation of year Y is Y-Q4 | Triwulan; evaluasi tahunan Y adalah Y-Q4';
comment on column readiness.index_score.instrument_id is 'Instrument | Instrumen';
comment on column readiness.index_score.stage is 'self, document, interview, final; published = out of officially published numbers | self (mandiri), document, interview, final; published = dari angka yang diumumkan';
comment on column readiness.index_score.score_num is 'Exact index: numerator | Indeks eksak: pembilang';
comment on column readiness.index_score.score_den is 'Exact index: denominator | Indeks eksak: penyebut';
comment on column readiness.index_score.score is 'Index, not rounded | Indeks, tidak dibulatkan | level';
comment on column readiness.index_score.index_value is 'Index, rounded once, half up | Indeks, dibulatkan satu kali, setengah ke atas | level';
comment on column readiness.index_score.predicate is 'Predicate; empty while unanswered indicators could still change it | Predikat; kosong bila indikator yang belum diisi masih dapat mengubahnya';
comment on column readiness.index_score.answered_weight is 'Share of the weight that is answered | Bagian bobot yang terisi | ratio';
comment on column readiness.index_score.low is 'Index if all unanswered indicators got the lowest value | Indeks bila yang kosong bernilai terendah | level';
comment on column readiness.index_score.high is 'Index if they got the highest | Indeks bila yang kosong bernilai tertinggi | level';
comment on column readiness.index_score.obs_status is 'A = complete, P = provisional: over the answered indicators only (SDMX) | A = lengkap, P = sementara: hanya indikator terisi (SDMX)';
comment on column readiness.index_score.as_of is 'Events known by then count (UTC) | Data yang diketahui sampai waktu ini (UTC)';

create table if not exists readiness.component_score (
    release_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    period varchar not null,
    instrument_id varchar not null,
    stage varchar not null,
    level varchar not null,
    component_id varchar not null,
    parent_id varchar,
    weight_num bigint not null,
    weight_den bigint not null,
    weight double not null,
    value_num bigint,
    value_den bigint,
    value double,
    contribution_num bigint,
    contribution_den bigint not null,
    contribution double,
    na_reason varchar,
    feed_id varchar,
    batch_id varchar,
    artifact_sha256 varchar,
    source_row bigint
);
comment on table readiness.component_score is 'Each domain, aspect and indicator behind an index | Setiap domain, aspek dan indikator di balik indeks';
comment on column readiness.component_score.release_id is 'Release | Rilis';
comment on column readiness.component_score.government_code is 'Government | Pemerintah daerah';
comment on column readiness.component_score.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column readiness.component_score.period is 'Quarter | Triwulan';
comment on column readiness.component_score.instrument_id is 'Instrument | Instrumen';
comment on column readiness.component_score.stage is 'Stage | Tahap';
comment on column readiness.component_score.level is 'domain, aspect, indicator; index = a total published without its domains | domain, aspect (aspek), indicator (indikator); index = total yang diumumkan tanpa domainnya';
comment on column readiness.component_score.component_id is 'Component | Komponen';
comment on column readiness.component_score.parent_id is 'Component it is part of | Komponen induk';
comment on column readiness.component_score.weight_num is 'Weight in this index: numerator | Bobot dalam indeks ini: pembilang | percent';
comment on column readiness.component_score.weight_den is 'Weight in this index: denominator | Bobot dalam indeks ini: penyebut';
comment on column readiness.component_score.weight is 'Weight in this index | Bobot dalam indeks ini | percent';
comment on column readiness.component_score.value_num is 'Exact value: numerator | Nilai eksak: pembilang';
comment on column readiness.component_score.value_den is 'Exact value: denominator | Nilai eksak: penyebut';
comment on column readiness.component_score.value is 'Value | Nilai | level';
comment on column readiness.component_score.contribution_num is 'Exact part of the index: numerator; those of a level sum to score_num | Sumbangan eksak: pembilang; jumlahnya = score_num';
comment on column readiness.component_score.contribution_den is 'Denominator, the index''s own | Penyebut, sama dengan indeks';
comment on column readiness.component_score.contribution is 'Part of the index | Sumbangan pada indeks | level';
comment on column readiness.component_score.na_reason is 'Why there is no value: not_answered, not_applicable (optional and left out) | Alasan tanpa nilai: not_answered (belum diisi), not_applicable (opsional)';
comment on column readiness.component_score.feed_id is 'Feed the value came by (leaves only) | Sumber nilai (hanya daun)';
comment on column readiness.component_score.batch_id is 'Batch the value came by | Batch asal nilai';
comment on column readiness.component_score.artifact_sha256 is 'File the value stands in | Berkas asal nilai';
comment on column readiness.component_score.source_row is 'Row of the file | Nomor baris';

create table if not exists readiness.discrepancy (
    release_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    period varchar not null,
    instrument_id varchar not null,
    indicator_id varchar not null,
    stage varchar not null,
    claimed decimal(5, 2) not null,
    measured_cap decimal(5, 2) not null,
    signal varchar not null,
    signal_value double,
    rule_id varchar not null,
    severity varchar not null
);
comment on table readiness.discrepancy is 'A claim beside a measurement that does not bear it out; not filled yet | Pernyataan yang tidak didukung pengukuran; belum diisi';
comment on column readiness.discrepancy.release_id is 'Release | Rilis';
comment on column readiness.discrepancy.government_code is 'Government | Pemerintah daerah';
comment on column readiness.discrepancy.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column readiness.discrepancy.period is 'Quarter | Triwulan';
comment on column readiness.discrepancy.instrument_id is 'Instrument | Instrumen';
comment on column readiness.discrepancy.indicator_id is 'Indicator | Indikator';
comment on column readiness.discrepancy.stage is 'Stage | Tahap';
comment on column readiness.discrepancy.claimed is 'Value claimed | Nilai yang dinyatakan | level';
comment on column readiness.discrepancy.measured_cap is 'Highest value the measurement bears out | Nilai tertinggi menurut pengukuran | level';
comment on column readiness.discrepancy.signal is 'What was measured | Yang diukur';
comment on column readiness.discrepancy.signal_value is 'What it came to | Hasil pengukuran';
comment on column readiness.discrepancy.rule_id is 'Measurement rule | Aturan pengukuran';
comment on column readiness.discrepancy.severity is 'critical, warning or info | critical, warning atau info';

create table if not exists readiness.next_step (
    release_id varchar not null,
    government_code varchar not null,
    agency_code varchar not null,
    period varchar not null,
    instrument_id varchar not null,
    stage varchar not null,
    rank integer not null,
    indicator_id varchar not null,
    from_value decimal(5, 2) not null,
    to_value decimal(5, 2) not null,
    gain double not null,
    effort double,
    reaches_predicate varchar,
    advice_id varchar,
    advice_en varchar
);
comment on table readiness.next_step is 'Proposed raises on the way to the next predicate; not filled yet | Usulan peningkatan menuju predikat berikutnya; belum diisi';
comment on column readiness.next_step.release_id is 'Release | Rilis';
comment on column readiness.next_step.government_code is 'Government | Pemerintah daerah';
comment on column readiness.next_step.agency_code is 'Agency; - = the government itself | SKPD; - = pemerintah daerah';
comment on column readiness.next_step.period is 'Quarter | Triwulan';
comment on column readiness.next_step.instrument_id is 'Instrument | Instrumen';
comment on column readiness.next_step.stage is 'Stage | Tahap';
comment on column readiness.next_step.rank is 'Order | Urutan';
comment on column readiness.next_step.indicator_id is 'Indicator | Indikator';
comment on column readiness.next_step.from_value is 'Value now | Nilai sekarang | level';
comment on column readiness.next_step.to_value is 'Value proposed | Nilai usulan | level';
comment on column readiness.next_step.gain is 'What the index gains | Kenaikan indeks | level';
comment on column readiness.next_step.effort is 'Effort, in the units of the plan | Upaya';
comment on column readiness.next_step.reaches_predicate is 'Predicate reached with this step | Predikat yang dicapai';
comment on column readiness.next_step.advice_id is 'Advice in Indonesian | Saran';
comment on column readiness.next_step.advice_en is 'Advice in English | Saran dalam bahasa Inggris';

-- Half up in integers: decimal division rounds wrongly (1.45 / 10 gave 0.14). Returns DECIMAL(5, 2).
create or replace macro readiness.half_up(numerator, denominator) as
(((2 * 100 * numerator::hugeint + denominator) // (2 * denominator::hugeint))::decimal(7, 0) * 0.01::decimal(3, 2))::decimal(5, 2);

-- Grain: government, agency, period, instrument, stage, leaf. A leaf is an indicator; for published domain values, a domain.
-- Effective weight of a leaf = its weight x (all weight of its parent) / (weight of the parent's applicable leaves): an optional indicator
-- that was left out passes its weight on within its aspect. Integers over one common denominator per index, so that all sums are exact.
create or replace macro readiness.leaf_known_by(known_by) as table (
    with component as (
        select * from ref.component where ref.component.known_at <= known_by
    ),

    last_word as (
        select *
        from core.assessment
        where core.assessment.known_at <= known_by
        qualify row_number() over (
            partition by government_code, agency_code, period, instrument_id, indicator_id, stage
            order by known_at desc, submitted_at desc nulls last, received_at desc, source_row desc
        ) = 1
    ),

    claim as (
        select * from last_word where act <> 'withdrawal'
    ),

    published as (
        select *
        from core.published_index
        where core.published_index.known_at <= known_by
        qualify row_number() over (
            partition by government_code, period, instrument_id, component_id
            order by known_at desc, received_at desc, source_row desc
        ) = 1
    ),

    root as (
        select instrument_id, component_id, count(*) over (partition by instrument_id) as roots
        from component
        where parent_id is null
    ),

    published_complete as (
        select published.government_code, published.period, published.instrument_id
        from published
        inner join root using (instrument_id, component_id)
        group by all
        having count(*) = any_value(root.roots)
    ),

    answer as (
        select
            government_code, agency_code, period, instrument_id, stage, indicator_id as component_id,
            value, feed_id, batch_id, artifact_sha256, source_row
        from claim
        union all by name
        select
            published.government_code, '-' as agency_code, published.period, published.instrument_id, 'published' as stage,
            published.component_id, published.value, published.feed_id, published.batch_id, published.artifact_sha256, published.source_row
        from published
        inner join published_complete using (government_code, period, instrument_id)
        inner join root using (instrument_id, component_id)
    ),

    assessed as (
        select distinct government_code, agency_code, period, instrument_id, stage from answer
    ),

    grid as (
        select
            assessed.*,
            component.component_id,
            component.parent_id,
            component.level,
            component.weight_num,
            component.weight_den,
            component.optional,
            answer.value,
            answer.feed_id,
            answer.batch_id,
            answer.artifact_sha256,
            answer.source_row,
            answer.value is not null or not component.optional as applicable
        from assessed
        inner join component
            on
                component.instrument_id = assessed.instrument_id
                and case assessed.stage when 'published' then component.parent_id is null else component.level = 'indicator' end
        left join answer
            on
                answer.government_code = assessed.government_code
                and answer.agency_code = assessed.agency_code
                and answer.period = assessed.period
                and answer.instrument_id = assessed.instrument_id
                and answer.stage = assessed.stage
                and answer.component_id = component.component_id
    ),

    effective as (
        select
            *,
            case
                when not applicable then 0
                when stage = 'published' then weight_num
                else weight_num * (sum(weight_num) over sibling)
            end::hugeint as effective_num,
            case
                when stage = 'published' then weight_den
                else weight_den * coalesce(nullif(sum(weight_num) filter (where applicable) over sibling, 0), 1)
            end::hugeint as effective_den
        from grid
        window sibling as (partition by government_code, agency_code, period, instrument_id, stage, parent_id)
    ),

    common as (
        select
            government_code, agency_code, period, instrument_id, stage,
            list_reduce(list(distinct effective_den::bigint), lambda a, b: lcm(a, b)) as common_den
        from effective
        group by all
    )

    select
        effective.* exclude (value, weight_num, weight_den),
        common.common_den,
        case effective.stage when 'published' then 100 else instrument.value_den end as value_den,
        (effective.value * case effective.stage when 'published' then 100 else instrument.value_den end)::bigint as value_num,
        (effective.effective_num * (common.common_den // effective.effective_den)) as units,
        instrument.value_min,
        instrument.value_max
    from effective
    inner join common using (government_code, agency_code, period, instrument_id, stage)
    inner join ref.instrument as instrument using (instrument_id)
);

-- Grain: government, agency, period, instrument, stage, component (leaves, and every component above them). A total that was published without
-- its domains is one row of its own, level index.
create or replace macro readiness.component_as_of(known_by) as table (
    with leaf as (
        select * from readiness.leaf_known_by(known_by)
    ),

    published_total as (
        select
            government_code, '-' as agency_code, period, instrument_id, 'published' as stage,
            (value * 100)::bigint as value_num, feed_id, batch_id, artifact_sha256, source_row
        from core.published_index
        where core.published_index.known_at <= known_by and component_id = '-'
        qualify row_number() over (
            partition by government_code, period, instrument_id
            order by known_at desc, received_at desc, source_row desc
        ) = 1
    ),

    total as (
        select
            government_code, agency_code, period, instrument_id, stage,
            sum(units) filter (where value_num is not null) * any_value(value_den) as score_den
        from leaf
        group by all
    ),

    placed as (
        select leaf.*, level as at_level, component_id as at_component, parent_id as at_parent from leaf
        union all
        select
            leaf.* replace (null as feed_id, null as batch_id, null as artifact_sha256, null as source_row),
            'aspect', aspect.component_id, aspect.parent_id
        from leaf
        inner join ref.component as aspect on aspect.instrument_id = leaf.instrument_id and aspect.component_id = leaf.parent_id
        where leaf.level = 'indicator'
        union all
        select
            leaf.* replace (null as feed_id, null as batch_id, null as artifact_sha256, null as source_row),
            'domain', domain.component_id, domain.parent_id
        from leaf
        inner join ref.component as aspect on aspect.instrument_id = leaf.instrument_id and aspect.component_id = leaf.parent_id
        inner join ref.component as domain on domain.instrument_id = aspect.instrument_id and domain.component_id = aspect.parent_id
        where leaf.level = 'indicator'
    ),

    summed as (
        select
            government_code, agency_code, period, instrument_id, stage,
            at_level as level,
            at_component as component_id,
            at_parent as parent_id,
            sum(units) as weight_num,
            any_value(common_den) as weight_den,
            sum(units * value_num) as points,
            sum(units) filter (where value_num is not null) * any_value(value_den) as points_den,
            bool_or(applicable) as applicable,
            any_value(feed_id) as feed_id,
            any_value(batch_id) as batch_id,
            any_value(artifact_sha256) as artifact_sha256,
            any_value(source_row) as source_row
        from placed
        group by all
    )

    select
        summed.government_code,
        summed.agency_code,
        summed.period,
        summed.instrument_id,
        summed.stage,
        summed.level,
        summed.component_id,
        summed.parent_id,
        (summed.weight_num // gcd(summed.weight_num, summed.weight_den))::bigint as weight_num,
        (summed.weight_den // gcd(summed.weight_num, summed.weight_den))::bigint as weight_den,
        summed.weight_num / summed.weight_den as weight,
        (summed.points // gcd(summed.points, summed.points_den))::bigint as value_num,
        (summed.points_den // gcd(summed.points, summed.points_den))::bigint as value_den,
        summed.points / summed.points_den as value,
        summed.points::bigint as contribution_num,
        total.score_den::bigint as contribution_den,
        summed.points / total.score_den as contribution,
        case
            when summed.points is not null then null
            when summed.applicable then 'not_answered'
            else 'not_applicable'
        end as na_reason,
        summed.feed_id,
        summed.batch_id,
        summed.artifact_sha256,
        summed.source_row
    from summed
    inner join total using (government_code, agency_code, period, instrument_id, stage)
    union all by name
    select
        published_total.* exclude (value_num),
        'index' as level,
        '-' as component_id,
        null as parent_id,
        100 as weight_num,
        1 as weight_den,
        100 as weight,
        value_num,
        100 as value_den,
        value_num / 100 as value,
        value_num as contribution_num,
        100 as contribution_den,
        value_num / 100 as contribution,
        null as na_reason
    from published_total
    anti join leaf using (government_code, agency_code, period, instrument_id, stage)
);

-- Grain: government, agency, period, instrument, stage. A total that was published without its domains stands as it was published.
create or replace macro readiness.index_as_of(known_by) as table (
    with leaf as (
        select * from readiness.leaf_known_by(known_by)
    ),

    summed as (
        select
            government_code, agency_code, period, instrument_id, stage,
            sum(units * value_num)::bigint as score_num,
            (sum(units) filter (where value_num is not null) * any_value(value_den))::bigint as score_den,
            sum(units) as all_units,
            sum(units) filter (where value_num is not null) as answered_units,
            sum(units * coalesce(value_num, value_min * value_den)) as low_num,
            sum(units * coalesce(value_num, value_max * value_den)) as high_num,
            sum(units) * any_value(value_den) as bound_den
        from leaf
        group by all
    ),

    reckoned as (
        select
            government_code, agency_code, period, instrument_id, stage, score_num, score_den,
            answered_units / all_units as answered_weight,
            readiness.half_up(score_num, score_den) as index_value,
            readiness.half_up(low_num, bound_den) as low,
            readiness.half_up(high_num, bound_den) as high,
            answered_units = all_units as complete
        from summed
    ),

    published_total as (
        select
            government_code, '-' as agency_code, period, instrument_id, 'published' as stage,
            (value * 100)::bigint as score_num, 100::bigint as score_den,
            1.0 as answered_weight, value as index_value, value as low, value as high, true as complete
        from core.published_index
        where core.published_index.known_at <= known_by and component_id = '-'
        qualify row_number() over (
            partition by government_code, period, instrument_id
            order by known_at desc, received_at desc, source_row desc
        ) = 1
    ),

    everything as (
        select * from reckoned
        union all by name
        select published_total.*
        from published_total
        anti join reckoned using (government_code, agency_code, period, instrument_id, stage)
    )

    select
        everything.government_code,
        everything.agency_code,
        everything.period,
        everything.instrument_id,
        everything.stage,
        everything.score_num,
        everything.score_den,
        everything.score_num / everything.score_den as score,
        everything.index_value,
        case when low_band.ordinal = high_band.ordinal then low_band.predicate_id end as predicate,
        everything.answered_weight,
        everything.low,
        everything.high,
        case when everything.complete then 'A' else 'P' end as obs_status,
        known_by::timestamptz as as_of
    from everything
    left join ref.band as low_band
        on
            low_band.instrument_id = everything.instrument_id
            and low_band.known_at <= known_by
            and everything.low >= low_band.min_inclusive and everything.low < low_band.max_exclusive
    left join ref.band as high_band
        on
            high_band.instrument_id = everything.instrument_id
            and high_band.known_at <= known_by
            and everything.high >= high_band.min_inclusive and everything.high < high_band.max_exclusive
);

create or replace view readiness.newest_release as
select * from meta.release
qualify row_number() over (partition by period order by as_of desc, created_at desc, release_id desc) = 1;
comment on view readiness.newest_release is 'The newest release of each quarter | Rilis terbaru setiap triwulan';

create or replace view readiness.latest_index as
select index_score.*
from readiness.index_score
semi join readiness.newest_release using (release_id);
comment on view readiness.latest_index is 'Indices of the newest release of each quarter | Indeks dari rilis terbaru setiap triwulan';

create or replace view readiness.lineage as
select
    component_score.release_id,
    component_score.government_code,
    component_score.agency_code,
    component_score.period,
    component_score.instrument_id,
    component_score.stage,
    component_score.component_id,
    component_score.value,
    component_score.contribution,
    component_score.artifact_sha256,
    component_score.source_row,
    component_score.batch_id,
    expectation_result.result_id,
    expectation_result.rule_id,
    expectation_result.status
from readiness.component_score
inner join quality.expectation_result using (batch_id)
where component_score.artifact_sha256 is not null;
comment on view readiness.lineage is 'From a score to the row it came from, and to what the rules said of that batch | Dari skor ke baris asalnya dan hasil aturan batchnya';
