-- Service-days are judged under an id that names their feed: what was judged under another is judged again by the next run.
delete from quality.result_by_owner where batch_id in (select batch_id from quality.expectation_result where suite = 'service_day');
delete from quality.expectation_result where suite = 'service_day';
