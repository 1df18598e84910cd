{# Chance that is the same in every run and on every engine: what a resampling draws. #}

{# A number in [0, 1) from two whole numbers, without a pattern that a few thousand draws would show. #}
{% macro draw(replicate, position) -%}
    (abs(sin({{ replicate }} * 12.9898e0 + {{ position }} * 78.233e0) * 43758.5453e0)
        - floor(abs(sin({{ replicate }} * 12.9898e0 + {{ position }} * 78.233e0) * 43758.5453e0)))
{%- endmacro %}

{# Replicates of a bootstrap, and the weeks of one block: dwell and volatility cluster over about a month. #}
{% macro bootstrap_replicates() %}1000{% endmacro %}
{% macro bootstrap_block_weeks() %}4{% endmacro %}

{# Weeks below which a label says nothing about what follows. #}
{% macro least_weeks_of_label() %}8{% endmacro %}
