-- Grain: address of the batch. Of each once: checks are many, addresses few.
create or replace temp table host_of as
select
    name::url_name as url,
    host_in(name)::host_name as host
from incoming_name
where of_column = 'url';
