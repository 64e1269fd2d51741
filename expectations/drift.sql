-- Compares TEMP table `profile` with the batches in TEMP table `earlier`.
insert into drift
with before_columns as (
    select lower(column_profile.column_name) as column_name
    from quality.column_profile as column_profile
    inner join earlier using (batch_id)
    where earlier.age = 1 and column_profile.origin = 'source'
),

now_columns as (
    select lower(column_name) as column_name from profile where origin = 'source'
),

added as (
    select now_columns.column_name
    from now_columns
    anti join before_columns using (column_name)
    where exists (select 1 from before_columns)
),

missing as (
    select before_columns.column_name
    from before_columns
    anti join now_columns using (column_name)
    where exists (select 1 from now_columns)
),

renamed as (
    select
        missing.column_name,
        arg_max(added.column_name, jaro_winkler_similarity(missing.column_name, added.column_name)) as now_name
    from missing
    inner join added on jaro_winkler_similarity(missing.column_name, added.column_name) >= 0.8
    group by missing.column_name
),

readable as (
    select
        parsed.column_name,
        1 - (parsed.nulls - written.nulls) / nullif(parsed.rows - written.nulls, 0) as share
    from profile as parsed
    inner join profile as written on written.column_name = parsed.column_name || '_text' and written.origin = 'staged'
    where parsed.origin = 'staged'
),

readable_before as (
    select
        parsed.column_name,
        avg(1 - (parsed.nulls - written.nulls) / nullif(parsed.rows - written.nulls, 0)) as share
    from quality.column_profile as parsed
    inner join earlier using (batch_id)
    inner join quality.column_profile as written
        on written.batch_id = parsed.batch_id and written.column_name = parsed.column_name || '_text' and written.origin = 'staged'
    where parsed.origin = 'staged'
    group by parsed.column_name
),

usual as (
    select
        column_profile.column_name,
        avg(column_profile.null_share) as null_share,
        avg(column_profile.mean) as mean,
        avg(column_profile.deviation) as deviation
    from quality.column_profile as column_profile
    inner join earlier using (batch_id)
    where column_profile.origin = 'staged'
    group by column_profile.column_name
),

-- nothing, until there are batches enough to say what is usual
watched_now as (
    select *
    from profile
    where origin = 'staged' and list_contains($watched, column_name) and (select has_history from drift_history where aspect = 'content')
),

counted_now as (
    select column_name, rows - nulls as filled, unnest(map_entries(top_values::map(varchar, bigint))) as entry
    from profile
    where origin = 'staged' and top_values is not null
),

share_now as (
    select column_name, entry.key as label, entry.value / nullif(filled, 0) as share from counted_now
),

-- columns whose values were counted in every earlier batch: what is not known is not different
counted_always as (
    select column_profile.column_name
    from quality.column_profile as column_profile
    inner join earlier using (batch_id)
    where column_profile.origin = 'staged' and column_profile.top_values is not null
    group by column_profile.column_name
    having count(*) = (select count(*) from earlier)
),

counted_before as (
    select
        column_profile.column_name,
        column_profile.rows - column_profile.nulls as filled,
        unnest(map_entries(column_profile.top_values::map(varchar, bigint))) as entry
    from quality.column_profile as column_profile
    inner join earlier using (batch_id)
    inner join counted_always on counted_always.column_name = column_profile.column_name
    where column_profile.origin = 'staged'
),

share_before as (
    select column_name, entry.key as label, sum(entry.value / nullif(filled, 0)) / (select count(*) from earlier) as share
    from counted_before
    group by column_name, entry.key
),

shifted as (
    select column_name, sum(abs(coalesce(share_now.share, 0) - coalesce(share_before.share, 0))) / 2 as variation
    from share_now
    full join share_before using (column_name, label)
    where column_name in (select column_name from share_now) and column_name in (select column_name from share_before)
    group by column_name
)

select 'columns' as aspect, column_name, 'renamed: ' || column_name || ' is now ' || now_name || '?' as finding
from renamed
union all
select 'columns', column_name, 'missing: ' || column_name
from missing
where column_name not in (select column_name from renamed)
union all
select 'columns', column_name, 'added: ' || column_name
from added
where column_name not in (select now_name from renamed)
union all
select
    'columns',
    readable.column_name,
    'retyped: ' || readable.column_name || ': ' || round(100 * readable.share) || ' % can be read, ' || round(100 * readable_before.share) || ' % before'
from readable
inner join readable_before using (column_name)
where readable.share < 0.5 and readable_before.share > 0.9
union all
select 'volume', null, 'rows: ' || (select max(rows) from profile) || ', usually ' || median(rows)::bigint
from earlier
where (select has_history from drift_history where aspect = 'volume')
having (select max(rows) from profile) < 0.5 * median(rows) or (select max(rows) from profile) > 2 * median(rows)
union all
select
    'content',
    watched_now.column_name,
    'empty: ' || watched_now.column_name || ': ' || round(100 * watched_now.null_share) || ' % of rows, usually ' || round(100 * usual.null_share) || ' %'
from watched_now
inner join usual using (column_name)
where abs(watched_now.null_share - usual.null_share) > 0.2
union all
select
    'content',
    watched_now.column_name,
    'mean: ' || watched_now.column_name || ': ' || round(watched_now.mean, 3) || ', usually ' || round(usual.mean, 3)
from watched_now
inner join usual using (column_name)
where usual.deviation > 0 and abs(watched_now.mean - usual.mean) > usual.deviation
union all
select
    'content',
    shifted.column_name,
    'spread: ' || shifted.column_name || ': ' || round(100 * shifted.variation) || ' % of rows have other values than usual'
from shifted
semi join watched_now using (column_name)
where shifted.variation > 0.3 + 1 / sqrt((select max(rows) from profile));
