{# Formulas of positioning and liquidations. Belongs here: weighing accounts, what a liquidation was worth.
   Does not: which rows count (int_long_short_weeks, int_liquidation_weeks). #}

{# Open interest weighs accounts only where at least this share of an asset's perpetuals has one. #}
{% macro least_weighted_share() %}0.8{% endmacro %}

{# Dollars of a linear contract: both per base unit of the instrument, so that no multiplier is needed. #}
{% macro liquidation_usd(price, quantity) -%}({{ price }} * {{ quantity }}){%- endmacro %}
