-- Time outside service hours is a class of its own; services were around the clock so far. What enough checks have seen is an incident, a view over
-- outages; so far each outage was one. The next run reckons all of it again.
alter table uptime.service_day add column off_hours_s bigint default 0;
alter table uptime.service_day alter column off_hours_s drop default;
alter table uptime.service_day alter column off_hours_s set not null;
alter table uptime.service_quarter add column off_hours_s bigint default 0;
alter table uptime.service_quarter alter column off_hours_s drop default;
alter table uptime.service_quarter alter column off_hours_s set not null;
alter table uptime.service_quarter add column incidents_merged bigint;
alter table uptime.service_quarter add column open_incidents bigint;
alter table uptime.incident rename to outage;
alter table uptime.outage rename column incident_id to outage_id;
alter table uptime.outage add column failed_checks bigint;
alter table uptime.outage add column is_incident boolean default 1;
alter table uptime.outage alter column is_incident drop default;
alter table uptime.outage alter column is_incident set not null;
alter table uptime.rolled_up add column flapping_s bigint;
