-- Reference tables out of their CSV files; governments are all regions, with what the settings add or rename (temp table `configured`).
delete from ref.region;
insert into ref.region by name
select code, name, kind, parent_code, bps_code, bps_name, timezone, null::date as valid_from, null::date as valid_to, source
from read_csv(getvariable('reference_folder') || '/region.csv', all_varchar = true, header = true);

delete from ref.agency;
insert into ref.agency by name
select
    government_code, agency_code as code, name,
    case when aliases is null then [] else string_split(aliases, '|') end as aliases,
    valid_from::date as valid_from, valid_to::date as valid_to, source
from read_csv(getvariable('reference_folder') || '/agency.csv', all_varchar = true, header = true);

delete from ref.instrument;
insert into ref.instrument by name
select * from read_csv(getvariable('reference_folder') || '/instrument.csv', all_varchar = true, header = true);

delete from ref.component;
insert into ref.component by name
select * from read_csv(getvariable('reference_folder') || '/component.csv', all_varchar = true, header = true);

delete from ref.band;
insert into ref.band by name
select * from read_csv(getvariable('reference_folder') || '/band.csv', all_varchar = true, header = true);

delete from ref.level;
insert into ref.level by name
select * from read_csv(getvariable('reference_folder') || '/level.csv', all_varchar = true, header = true);

delete from ref.measurement_rule;
insert into ref.measurement_rule by name
select * from read_csv(getvariable('reference_folder') || '/measurement_rule.csv', all_varchar = true, header = true);

delete from ref.evidence_rule;
insert into ref.evidence_rule by name
select * replace (string_split(holding, '|') as holding)
from read_csv(getvariable('reference_folder') || '/evidence_rule.csv', all_varchar = true, header = true);

delete from ref.government;
insert into ref.government by name
select
    coalesce(configured.code, region.code) as code,
    coalesce(configured.name, region.name) as name,
    coalesce(configured.timezone, region.timezone) as timezone,
    case when configured.name <> region.name then [region.name] else [] end as aliases,
    configured.code is not null as configured,
    region.valid_from,
    region.valid_to,
    coalesce(region.source, 'settings') as source
from ref.region as region
full join configured on configured.code = region.code;
