{# The run's clock, for models above staging: what of the run a model may ask. #}

{# Windows are closed and prices are carried up to here. #}
{% macro now_at() -%}
    (select now_at from {{ ref('run_context') }})
{%- endmacro %}

{# The first moment that the source has data for. #}
{% macro starts_at() -%}
    (select starts_at from {{ ref('run_context') }})
{%- endmacro %}
