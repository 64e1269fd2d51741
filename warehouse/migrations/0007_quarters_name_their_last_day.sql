-- A quarter that is over counts to its end, be its feed silent since. All are reckoned again by the next run.
alter table if exists uptime.service_quarter add column if not exists last_day date;
