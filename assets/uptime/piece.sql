-- Grain: piece of a local day of a service for which checks speak, from `scope_day` on. A run of checks holds until the service's next check from the
-- same vantage, at most max_hold after its last one, the last of all at most until the feed's latest check. It is cut where days and their spans end:
-- `is_rest` is what then lies in a later span, for which the last check speaks alone.
create or replace temp table whole_day as
select service_now.code as service_id, local_day.day, local_day.from_at, local_day.until_at
from service_now
inner join local_day using (timezone)
where local_day.day between $scope_day::date and $last_day::date;

create or replace temp table day_part as
select service_id, day, from_at, until_at, coalesce(status, 'in_service') as time_class
from span
where day >= $scope_day::date
union all
select whole_day.*, 'in_service' as time_class
from whole_day
anti join span using (service_id, day);

create or replace temp table said as
with recursive held as (
    select
        day_run.* replace (coalesce(day_run.cut_at, whole_day.until_at) as cut_at),
        least(
            coalesce(lead(first_at) over (partition by service_id, vantage order by first_at, last_at, status), $latest_at::timestamptz),
            last_at + to_seconds($max_hold_s)
        ) as until_at
    from uptime.day_run as day_run
    left join whole_day using (service_id, day)
    where feed_id = $feed_id and day >= $scope_day::date
),

cut as (
    select
        service_id,
        vantage,
        day,
        time_class,
        status,
        first_at as from_at,
        least(until_at, cut_at) as until_at,
        checks,
        last_at as checked_at,
        false as is_rest,
        time_class = 'in_service' as is_counted,
        until_at as reach_at
    from held
    union all
    select
        cut.service_id,
        cut.vantage,
        day_part.day,
        day_part.time_class,
        cut.status,
        day_part.from_at,
        least(cut.reach_at, day_part.until_at) as until_at,
        0 as checks,
        cut.checked_at,
        true as is_rest,
        cut.is_counted,
        cut.reach_at
    from cut
    inner join day_part on day_part.service_id = cut.service_id and day_part.from_at = cut.until_at
    where cut.reach_at > cut.until_at
)

select * exclude (reach_at)
from cut
where time_class = 'in_service';

-- Services that are checked from several vantages: down while more than half of those that know say so.
create or replace temp table several as
select service_id from said group by service_id having count(distinct vantage) > 1;

create or replace temp table piece as
with voice as (
    select
        service_id,
        day,
        unnest([from_at, until_at]) as moment,
        unnest([1, -1]) * (status = 'up')::integer as up,
        unnest([1, -1]) * (status = 'down')::integer as down,
        unnest([1, -1]) * (status = 'maintenance')::integer as maintenance
    from said semi join several using (service_id)
    where until_at > from_at
),

change as (
    select service_id, day, moment, sum(up) as up, sum(down) as down, sum(maintenance) as maintenance
    from voice
    group by all
),

poll as (
    select
        service_id,
        day,
        moment as from_at,
        lead(moment) over in_turn as until_at,
        sum(up) over in_turn as up,
        sum(down) over in_turn as down,
        sum(maintenance) over in_turn as maintenance
    from change
    window in_turn as (partition by service_id, day order by moment)
),

last_word as (  -- what each vantage says at the feed's latest check, which speaks for no time yet
    select service_id, day, status, from_at
    from said semi join several using (service_id)
    where until_at = $latest_at::timestamptz and checked_at + to_seconds($max_hold_s) > $latest_at::timestamptz
    qualify row_number() over (partition by service_id, vantage order by from_at desc, checked_at desc) = 1
),

last_poll as (
    select
        service_id,
        max(day) filter (where from_at = $latest_at::timestamptz) as day,
        $latest_at::timestamptz as from_at,
        $latest_at::timestamptz as until_at,
        sum((status = 'up')::integer) as up,
        sum((status = 'down')::integer) as down,
        sum((status = 'maintenance')::integer) as maintenance
    from last_word
    group by service_id
    having bool_or(from_at = $latest_at::timestamptz)
),

judged as (
    select
        *,
        case
            when 2 * down > up + down then 'down'
            when up + down > 0 then 'up'
            when maintenance > 0 then 'maintenance'
        end as status
    from (select * from poll union all by name select * from last_poll)
)

select service_id, day, status, from_at, until_at, checks, checked_at, is_rest, is_counted
from said
anti join several using (service_id)
union all
select service_id, day, status, from_at, until_at, 0 as checks, from_at as checked_at, false as is_rest, true as is_counted
from judged
where status is not null;
