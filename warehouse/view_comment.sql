-- One row per column of a view of the current database, as COMMENT takes them: its names, and what the dictionary says of it as a string.
select
    dictionary.table_schema || '.' || dictionary.table_name as view_name,
    '"' || dictionary.column_name || '"' as column_name,
    '''' || replace(concat_ws(' | ', dictionary.description_en, dictionary.description_id, dictionary.unit), '''', '''''') || '''' as description
from meta.dictionary as dictionary
inner join duckdb_views() as known
    on known.database_name = current_database() and known.schema_name = dictionary.table_schema and known.view_name = dictionary.table_name
where dictionary.description_en is not null
order by all;
