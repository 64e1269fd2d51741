-- Whatever a published number can depend on, one row each, in a fixed order, and what was reckoned in few words: a rebuild may say something else of the
-- same input, where the warehouse was damaged. Runs that found all unchanged leave no trace here.
select 'release' as part, release_id as id, '' as detail from meta.release
union all
select 'batch', batch_id, status from meta.batch
union all
select 'rolled_up', feed_id, settings_fingerprint || ' ' || latest_check_at from uptime.rolled_up
union all
select 'service_day', feed_id, count(*) || ' ' || bit_xor(hash(service_day)) from uptime.service_day as service_day group by feed_id
union all
select 'outage', feed_id, count(*) || ' ' || bit_xor(hash(outage)) from uptime.outage as outage group by feed_id
union all
select 'service_quarter', period, count(*) || ' ' || bit_xor(hash(service_quarter)) from uptime.service_quarter as service_quarter group by period
union all
select 'score', period, count(*) || ' ' || bit_xor(hash(score)) from quality.score as score group by period
union all
select 'schema', schema_fingerprint, '' from meta.migration
union all
select 'failure', feed_id, status || ' ' || coalesce(message, '')
from (select * from meta.ingest_run qualify row_number() over (partition by feed_id order by started_at desc) = 1)
where status = 'failed'
union all
select 'reference', instrument_id || ' ' || component_id, weight_num || '/' || weight_den from ref.component
union all
select 'rule', rule_id || ' ' || version, concat_ws(' ', valid_to is null, owner, sentence_id, sentence_en) from quality.rule
union all
select 'distribution', result_id, status || ' ' || unexpected_count from quality.expectation_result where suite = 'distribution'
union all
select 'evidence', artifact_sha256 || ' ' || file_name, sha256 from core.evidence_file
union all
select 'review', review_id || ' ' || file_name, status || ' ' || sha256 || ' ' || reviewed_at from core.evidence_review
union all
select 'government', code, name || ' ' || timezone from ref.government
order by all;
