-- Days to be counted anew, since files that speak of them are new (`stale_file`), and all files that speak of them. In the feed's own zone a file is a
-- day; a day of a service in another zone is in two or three files. A day of which checks were let go of (`closed_at`) stays as it is.
create or replace temp table read_day as
select distinct local_day.timezone, local_day.day, local_day.from_at, local_day.until_at
from local_day
inner join stale_file on stale_file.first_at < local_day.until_at and stale_file.last_at >= local_day.from_at
where coalesce(local_day.from_at > $closed_at::timestamptz, true);

create or replace temp table file_of_day as
select distinct
    listed.file,
    listed.day as file_day,
    read_day.timezone,
    read_day.day,
    listed.day = read_day.day and listed.first_at >= read_day.from_at and listed.last_at < read_day.until_at as is_all_of_it
from meta.lake_partition as listed
inner join read_day on listed.first_at < read_day.until_at and listed.last_at >= read_day.from_at
where listed.feed_id = $feed_id;
