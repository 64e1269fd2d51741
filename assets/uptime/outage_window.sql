-- The earliest start of an outage that was open at `from_at` or ended after it; `from_at` itself if there is none.
select coalesce(least(min(started_at), $from_at::timestamptz), $from_at::timestamptz)
from uptime.outage
where feed_id = $feed_id and coalesce(ended_at, 'infinity'::timestamptz) >= $from_at;
