{# Whole numbers in the engine's own words. #}

{# A one-column relation `select <name>`: the whole numbers from `first` to `last`, both included. #}
{% macro whole_numbers(name, first, last) -%}
    {{ return(adapter.dispatch('whole_numbers', 'regime')(name, first, last)) }}
{%- endmacro %}
{% macro duckdb__whole_numbers(name, first, last) -%}select unnest(range({{ first }}, {{ last }} + 1)) as {{ name }}{%- endmacro %}
{% macro spark__whole_numbers(name, first, last) -%}select explode(sequence({{ first }}, {{ last }})) as {{ name }}{%- endmacro %}
