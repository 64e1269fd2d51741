-- The twelfth: keys that stand in more than one row, and the rows they stand in.
select count(*) as duplicated_keys, coalesce(sum(rows), 0)::bigint as rows_with_them
from (
    select count(*) as rows
    from batch
    where service is not null and checked_at is not null
    group by service, checked_at
    having count(*) > 1
);
