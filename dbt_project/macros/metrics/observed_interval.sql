{# How far apart rows are, as the data show. A gap longer than both its neighbours' hides missing rows, so the longer neighbour's
   counts; with one neighbour known that one decides, with none the gap stands. `greatest` skips NULL.
   The coverage ledger (warehouse/coverage.sql) imports this file outside dbt: it may use nothing that dbt alone knows. #}
{% macro observed_interval(gap, previous_gap, next_gap) -%}
    case
        when {{ gap }} > greatest({{ previous_gap }}, {{ next_gap }}) then greatest({{ previous_gap }}, {{ next_gap }})
        else {{ gap }}
    end
{%- endmacro %}
