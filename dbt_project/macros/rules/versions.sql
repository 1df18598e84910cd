{# What every staging model does with raw: rows known at the run's as-of time, the latest version of each key. #}

{% macro known_at_as_of() -%}
    recorded_at <= (select as_of from {{ source('raw', 'run_context') }})
{%- endmacro %}

{# With `archive` among the columns (join read_from_files): what a venue says of its own rows counts before its files. #}
{% macro latest_version(key, is_in_files=false) -%}
    row_number() over (
        partition by {{ key | join(', ') }}
        order by {{ 'archive is not null, ' if is_in_files }}recorded_at desc, load_id desc
    ) = 1
{%- endmacro %}

{% macro read_from_files() -%}
    (select load_id as file_load_id, archive from {{ source('raw', 'loads') }} where archive is not null)
{%- endmacro %}
