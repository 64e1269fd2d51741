-- The same outcomes by the government, agency and quarter that the rows name; what they name wrongly counts for the feed's government, and for
-- every quarter of the batch.
insert into quality.result_by_owner by name
select
    expectation_result.result_id,
    expectation_result.batch_id,
    judged.rule_id,
    coalesce(government.code, expectation_result.government_code) as government_code,
    coalesce(agency.code, '-') as agency_code,
    case when regexp_full_match(judged.period, '[0-9]{4}-Q[1-4]') then judged.period end as period,
    sum(judged.evaluated_count)::bigint as evaluated_count,
    sum(judged.unexpected_count)::bigint as unexpected_count
from judged
inner join quality.expectation_result as expectation_result
    on expectation_result.rule_id = judged.rule_id and expectation_result.batch_id = list_extract($batch_ids::varchar[], judged.file + 1)
left join ref.government as government on government.code = judged.government_code
left join ref.agency as agency on agency.government_code = judged.government_code and agency.code = judged.agency_code
group by all
order by all;
