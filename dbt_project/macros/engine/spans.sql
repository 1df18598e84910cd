{# Steps of hours and minutes in the engine's own words: expanding a span into rows, moving a moment. #}

{# In a select list: one row for every whole hour from `first` to `last`, both included; no row if `first` is later. #}
{% macro each_hour(first, last) -%}{{ return(adapter.dispatch('each_hour', 'regime')(first, last)) }}{%- endmacro %}
{% macro duckdb__each_hour(first, last) -%}unnest(generate_series({{ first }}, {{ last }}, interval '1 hour')){%- endmacro %}
{% macro spark__each_hour(first, last) -%}explode(sequence({{ first }}, {{ last }}, interval 1 hour)){%- endmacro %}

{# In a select list: one row for every `step` hours from `first` to `last`, both included; no row if `first` is later. #}
{% macro each_step(first, last, step_hours) -%}
    {{ return(adapter.dispatch('each_step', 'regime')(first, last, step_hours)) }}
{%- endmacro %}
{% macro duckdb__each_step(first, last, step_hours) -%}
    unnest(generate_series({{ first }}, {{ last }}, interval '1 hour' * ({{ step_hours }})))
{%- endmacro %}
{% macro spark__each_step(first, last, step_hours) -%}
    explode(sequence({{ first }}, {{ last }}, make_dt_interval(0, {{ step_hours }})))
{%- endmacro %}

{# `moment` plus a number of hours, which may be a column. #}
{% macro add_hours(moment, hours) -%}{{ return(adapter.dispatch('add_hours', 'regime')(moment, hours)) }}{%- endmacro %}
{% macro duckdb__add_hours(moment, hours) -%}({{ moment }} + interval '1 hour' * cast({{ hours }} as bigint)){%- endmacro %}
{% macro spark__add_hours(moment, hours) -%}({{ moment }} + make_dt_interval(0, {{ hours }})){%- endmacro %}

{# `moment` plus a number of minutes, which may be a column; rounded to whole ones. #}
{% macro add_minutes(moment, minutes) -%}
    {{ return(adapter.dispatch('add_minutes', 'regime')(moment, minutes)) }}
{%- endmacro %}
{% macro duckdb__add_minutes(moment, minutes) -%}
    ({{ moment }} + interval '1 minute' * cast(round({{ minutes }}) as bigint))
{%- endmacro %}
{% macro spark__add_minutes(moment, minutes) -%}({{ moment }} + make_dt_interval(0, 0, round({{ minutes }}))){%- endmacro %}
