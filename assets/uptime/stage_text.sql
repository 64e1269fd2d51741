-- Where names are many, the number of each costs more than it spares: they stay text.
create or replace temp type service_name as varchar;
create or replace temp type url_name as varchar;
create or replace temp type host_name as varchar;
create or replace temp type vantage_name as varchar;
create or replace temp type status_name as varchar;
