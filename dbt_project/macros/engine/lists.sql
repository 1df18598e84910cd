{# Lists in the engine's own words: they keep the pairwise correlations from joining hour with hour. #}

{# The values of a group as one list, ordered. #}
{% macro list_in_order(value, ordering) -%}{{ return(adapter.dispatch('list_in_order', 'regime')(value, ordering)) }}{%- endmacro %}
{% macro duckdb__list_in_order(value, ordering) -%}list({{ value }} order by {{ ordering }}){%- endmacro %}

{# The lists of `value` of a group one after another as one list, by `ordering`. DuckDB puts a plain list aside when memory is
   short, an ordered one not: it is sorted afterwards. #}
{% macro lists_in_order(value, ordering) -%}{{ return(adapter.dispatch('lists_in_order', 'regime')(value, ordering)) }}{%- endmacro %}
{% macro duckdb__lists_in_order(value, ordering) -%}
    flatten(list_transform(list_sort(list({'place': {{ ordering }}, 'part': {{ value }}})), lambda placed: placed.part))
{%- endmacro %}

{# Σ aᵢ·bᵢ of two lists of one length. #}
{% macro dot_product(a, b) -%}{{ return(adapter.dispatch('dot_product', 'regime')(a, b)) }}{%- endmacro %}
{% macro duckdb__dot_product(a, b) -%}list_dot_product({{ a }}, {{ b }}){%- endmacro %}

{# A relation of `columns` of `relation` and one row per element of its list `elements`: its `value` and `position`. #}
{% macro list_elements(relation, columns, elements, value, position) -%}
    {{ return(adapter.dispatch('list_elements', 'regime')(relation, columns, elements, value, position)) }}
{%- endmacro %}
{% macro duckdb__list_elements(relation, columns, elements, value, position) -%}
    select {{ columns | join(', ') }}, unnest({{ elements }}) as {{ value }}, unnest(range(len({{ elements }}))) as {{ position }}
    from {{ relation }}
{%- endmacro %}
