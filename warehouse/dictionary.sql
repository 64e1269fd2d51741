-- One row per column of the current database; the texts come from the COMMENTs in schema/*.sql. A view's column takes the text of the
-- table column of the same name, of its own schema first.
delete from meta.dictionary;

insert into meta.dictionary
with listed as (
    select
        schema_name,
        table_name,
        column_name,
        data_type,
        coalesce(
            "comment",
            case schema_name || '.' || table_name || '.' || column_name
                when 'quality.score_trend.earlier_period' then 'Quarter before it that had a score | Triwulan sebelumnya yang berskor'
                when 'quality.score_trend.delta' then 'Score minus the score of that quarter | Selisih skor dengan triwulan itu | ratio'
                when 'quality.costliest_rule.feeds' then 'Feeds whose rows break it | Jumlah sumber yang melanggar | feeds'
            end
        ) as "comment"
    from duckdb_columns()
    where
        database_name = current_database()
        and not internal
        and schema_name in ('meta', 'ref', 'core', 'uptime', 'open_data', 'quality', 'readiness')
),

described as (
    select
        listed.* exclude ("comment"),
        coalesce(
            listed."comment",
            (
                select arg_min(other."comment", (other.schema_name <> listed.schema_name)::integer * 1000 + length(other."comment"))
                from listed as other
                where other.column_name = listed.column_name and other."comment" is not null
            )
        ) as description
    from listed
)

select
    schema_name as table_schema,
    table_name,
    column_name,
    data_type,
    nullif(trim(split_part(description, '|', 3)), '') as unit,
    trim(split_part(description, '|', 2)) as description_id,
    trim(split_part(description, '|', 1)) as description_en
from described
order by all;
