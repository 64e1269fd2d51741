-- Grain: name and vantage that checks bear, day of their file, segment: the local days that are counted anew, cut where their spans begin and end.
-- Names of one service share its days and segments.
create or replace temp table segment_name as
with aimed as (
    select distinct service_now.code as service_id, service_now.timezone, target.vantage
    from service_now
    inner join uptime.target as target on target.feed_id = $feed_id and list_contains(service_now.matches, target.service)
),

cut as (
    select
        aimed.service_id,
        aimed.vantage,
        read_day.day,
        coalesce(span.status, 'in_service') as time_class,
        coalesce(span.from_at, read_day.from_at) as from_at,
        coalesce(span.until_at, read_day.until_at) as until_at
    from aimed
    inner join read_day using (timezone)
    left join span on span.service_id = aimed.service_id and span.day = read_day.day
)

select
    *,
    row_number() over (order by service_id, vantage, from_at)::integer as segment_id,
    dense_rank() over (order by service_id, day)::integer as day_id
from cut;

delete from segment;

insert into segment by name
with single_file as (
    select timezone, day
    from file_of_day
    group by timezone, day
    having count(*) = 1 and bool_and(is_all_of_it)
)

select
    known.match as service,
    segment_name.vantage,
    file_of_day.file_day,
    segment_name.segment_id,
    segment_name.day_id,
    epoch_us(segment_name.from_at) as from_us,
    epoch_us(segment_name.until_at) as until_us,
    $max_hold_s * 1000000::bigint as max_hold_us,
    known.is_only_name and single_file.day is not null as is_whole,
    not is_whole or cut_day.day is not null as is_passed
from (select code, timezone, len(matches) = 1 as is_only_name, unnest(matches) as match from service_now) as known
inner join segment_name on segment_name.service_id = known.code
inner join file_of_day on file_of_day.timezone = known.timezone and file_of_day.day = segment_name.day
left join single_file on single_file.timezone = known.timezone and single_file.day = segment_name.day
left join (select distinct service_id, day from span) as cut_day on cut_day.service_id = known.code and cut_day.day = segment_name.day;
