-- Latencies nobody measures.
select * from {{ source('bench', 'batch') }} where latency_ms < 0 or latency_ms > 600000
