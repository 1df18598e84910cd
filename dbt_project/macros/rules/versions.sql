{# What every staging model does with raw: rows known at the run's as-of time, the latest version of each key. #}

{% macro known_at_as_of() -%}
    recorded_at <= (select as_of from {{ source('raw', 'run_context') }})
{%- endmacro %}

{% macro latest_version(key) -%}
    row_number() over (partition by {{ key | join(', ') }} order by recorded_at desc, load_id desc) = 1
{%- endmacro %}
