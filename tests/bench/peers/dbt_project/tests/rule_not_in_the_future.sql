-- Checks later than 5 minutes after they were received.
select * from {{ source('bench', 'batch') }} where checked_at > received_at + interval 5 minutes
