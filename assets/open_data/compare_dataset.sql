-- Grain: one row per accepted dataset, with what it does to the newest version that is known.
create or replace temp table compared as
with newest as (
    select *
    from open_data.dataset
    where feed_id = $feed_id
    qualify row_number() over (partition by dataset_id order by last_seen desc, first_seen desc) = 1
)

select
    accepted.*,
    case
        when newest.dataset_id is null then 'added'
        when newest.version = accepted.version then 'unchanged'
        else 'updated'
    end as outcome
from accepted
left join newest using (dataset_id);
