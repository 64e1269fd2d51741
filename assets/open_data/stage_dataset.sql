-- Grain of batch: one row per dataset of the reply. `version` is a hash of all that the record says, its distributions too.
create or replace temp table batch as
select
    * exclude (distribution),
    len(distribution) as distributions,
    try_cast(modified as timestamptz) as modified_at,
    md5(incoming::varchar) as version
from (select * exclude (source_row) from incoming) as incoming
positional join (select source_row from incoming);

-- Grain of offered: one row per distribution of the reply; `position` counts within its dataset, from 1.
create or replace temp table offered as
select source_row, generate_subscripts(distribution, 1) as position, unnest(distribution, max_depth := 2)
from incoming;
