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
    having count(*) = 1 and bool_and(is_within)
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
    false as is_passed
from (select code, timezone, len(matches) = 1 as is_only_name, unnest(matches) as match from service_now) as known
inner join segment_name on segment_name.service_id = known.code
inner join file_of_day on file_of_day.timezone = known.timezone and file_of_day.day = segment_name.day
left join single_file on single_file.timezone = known.timezone and single_file.day = segment_name.day;

-- Runs of checks as they were found when their file was written, in the segments that they touch.
create or replace temp table placed_run as
with run as (
    select
        day as file_day,
        service,
        vantage,
        status,
        epoch_us(first_at) as first_us,
        epoch_us(last_at) as last_us,
        checks
    from meta.lake_run
    where feed_id = $feed_id
)

select
    segment.segment_id,
    run.service,
    run.status,
    run.first_us,
    run.last_us,
    run.checks,
    run.first_us >= segment.from_us and run.last_us < segment.until_us as is_within
from run
inner join segment
    on
        segment.service = run.service
        and segment.vantage = run.vantage
        and segment.file_day = run.file_day
        and run.first_us < segment.until_us
        and run.last_us >= segment.from_us;

-- They do not fit where one reaches out of the segment, or where a service has several names and their checks come between each other.
update segment set is_passed = true
where segment_id in (
    select segment_id from placed_run where not is_within
    union
    select segment_id
    from (
        select
            placed_run.segment_id,
            placed_run.first_us <= lag(placed_run.last_us) over (partition by placed_run.segment_id order by placed_run.first_us, placed_run.last_us) as meet
        from placed_run
        inner join (select unnest(matches) as service from service_now where len(matches) > 1) as one_of_several using (service)
    )
    where meet
);
