{# What every staging model does with raw: rows known at the run's as-of time, the latest version of each key. #}

{# A raw table without the database's name: the published copy of the file has another one, and its views must still work. #}
{% macro raw_table(name) -%}
    {{ source('raw', name).include(database=false) }}
{%- endmacro %}

{% macro known_at_as_of() -%}
    recorded_at <= (select as_of from {{ raw_table('run_context') }})
{%- endmacro %}

{% macro latest_version(key) -%}
    row_number() over (partition by {{ key | join(', ') }} order by recorded_at desc, load_id desc) = 1
{%- endmacro %}
