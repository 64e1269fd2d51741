-- Time outside service hours is a class of its own. Services were around the clock so far; the next run reckons all days again.
alter table uptime.service_day add column off_hours_s bigint default 0;
alter table uptime.service_day alter column off_hours_s drop default;
alter table uptime.service_day alter column off_hours_s set not null;
alter table uptime.service_quarter add column off_hours_s bigint default 0;
alter table uptime.service_quarter alter column off_hours_s drop default;
alter table uptime.service_quarter alter column off_hours_s set not null;
