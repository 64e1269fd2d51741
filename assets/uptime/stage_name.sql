-- Grain: type, name. Checks are many; services, addresses, places and words are few (incoming_name). So a batch has the number of each (ENUM), in the order
-- of text: they are compared, counted, sorted and written as numbers, and read as text.
create or replace temp table name_of_type as
select 'service' as type, name from incoming_name where of_column = 'service'
union
select 'url', name from incoming_name where of_column = 'url'
union
select 'host', host_in(name) from incoming_name where of_column = 'url' and host_in(name) is not null
union
select 'vantage', vantage_of(name) from incoming_name where of_column = 'vantage'
union
select 'vantage', '-'
union
select 'status', unnest([name, lower(name)]) from incoming_name where of_column in ('status', 'success')
union
select 'status', unnest(['up', 'down', 'unknown', 'maintenance']);

create or replace temp type service_name as enum (select name from name_of_type where type = 'service' order by name);
create or replace temp type url_name as enum (select name from name_of_type where type = 'url' order by name);
create or replace temp type host_name as enum (select name from name_of_type where type = 'host' order by name);
create or replace temp type vantage_name as enum (select name from name_of_type where type = 'vantage' order by name);
create or replace temp type status_name as enum (select name from name_of_type where type = 'status' order by name);
