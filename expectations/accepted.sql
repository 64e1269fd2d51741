-- Rows of the batch that no critical row rule set aside.
create or replace temp view accepted as
select batch.*
from batch
anti join (select source_row from failed where severity = 'critical') as set_aside using (source_row);
