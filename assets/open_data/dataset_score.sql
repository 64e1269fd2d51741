-- Findability points of every dataset's newest version, on the local day it was last seen (MQA-style; points from ref.measurement_rule).
-- Grain of dataset_indicator: feed, dataset, day, indicator; of dataset_score: feed, dataset, day.
create or replace temp table newest_dataset as
select
    dataset.*,
    timezone(government.timezone, dataset.last_seen)::date as day
from open_data.dataset as dataset
inner join ref.government as government on government.code = dataset.government_code
where dataset.deleted_at is null
qualify row_number() over (partition by dataset.feed_id, dataset.dataset_id order by dataset.last_seen desc, dataset.first_seen desc) = 1;

delete from open_data.dataset_indicator
where (feed_id, dataset_id, day) in (select (feed_id, dataset_id, day) from newest_dataset);

insert into open_data.dataset_indicator by name
with present as (
    select feed_id, dataset_id, day, 'keyword' as indicator, len(keywords) > 0 as has_it, array_to_string(keywords, ', ') as found from newest_dataset
    union all
    select feed_id, dataset_id, day, 'category', len(themes) > 0, array_to_string(themes, ', ') from newest_dataset
    union all
    select feed_id, dataset_id, day, 'spatial', spatial is not null, spatial from newest_dataset
    union all
    select feed_id, dataset_id, day, 'temporal', temporal is not null, temporal from newest_dataset
)

select
    present.feed_id,
    present.dataset_id,
    present.day,
    measurement_rule.dimension,
    present.indicator,
    case when present.has_it then 'pass' else 'fail' end as status,
    case when present.has_it then measurement_rule.max_points else 0 end as points,
    measurement_rule.max_points,
    case when present.has_it then left(present.found, 200) else measurement_rule.property || ' is missing' end as reason,
    measurement_rule.rule_id
from present
inner join ref.measurement_rule as measurement_rule
    on
        measurement_rule.family = 'MQA'
        and measurement_rule.dimension = 'findability'
        and measurement_rule.indicator = present.indicator
order by all;

delete from open_data.dataset_score
where (feed_id, dataset_id, day) in (select (feed_id, dataset_id, day) from newest_dataset);

insert into open_data.dataset_score by name
select
    feed_id,
    dataset_id,
    day,
    sum(points)::integer as findability,
    null as accessibility,
    null as interoperability,
    null as reusability,
    null as contextuality,
    sum(points)::integer as score,
    sum(max_points)::integer as evaluable_points,
    null as rating,
    null as stars
from open_data.dataset_indicator
where (feed_id, dataset_id, day) in (select (feed_id, dataset_id, day) from newest_dataset)
group by feed_id, dataset_id, day
order by all;
