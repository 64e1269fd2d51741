-- Grain: one row per dataset of the reply. `version` is a hash of all that the record says.
create or replace temp table batch as
select
    *,
    try_cast(modified as timestamptz) as modified_at,
    md5(incoming::varchar) as version
from (select * exclude (source_row) from incoming) as incoming
positional join (select source_row from incoming);
