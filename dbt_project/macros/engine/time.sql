{# Time in the engine's own words: what DuckDB and Spark write differently about time. Nothing about markets. #}

{# Whole and broken hours from `earlier` to `later`, a double. #}
{% macro hours_between(earlier, later) -%}{{ return(adapter.dispatch('hours_between', 'regime')(earlier, later)) }}{%- endmacro %}
{% macro duckdb__hours_between(earlier, later) -%}(epoch({{ later }} - {{ earlier }}) / 3600.0){%- endmacro %}

{# Zone-less UTC of a zone-less wall-clock time in New York, daylight saving included. #}
{% macro utc_of_new_york(wall_clock) -%}{{ return(adapter.dispatch('utc_of_new_york', 'regime')(wall_clock)) }}{%- endmacro %}
{% macro duckdb__utc_of_new_york(wall_clock) -%}
    timezone('UTC', timezone('America/New_York', {{ wall_clock }}))
{%- endmacro %}

{# A one-column relation `select <name>`: timestamps from `first` to `last`, both included, `step` apart. #}
{% macro timestamps_from_to(name, first, last, step) -%}
    {{ return(adapter.dispatch('timestamps_from_to', 'regime')(name, first, last, step)) }}
{%- endmacro %}
{% macro duckdb__timestamps_from_to(name, first, last, step) -%}
    select unnest(generate_series({{ first }}, {{ last }}, interval '{{ step }}')) as {{ name }}
{%- endmacro %}
