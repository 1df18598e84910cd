{# Formulas of positioning and liquidations: weighing accounts, what a liquidation was worth. #}

{# Open interest weighs accounts only where at least this share of an asset's perpetuals has one. #}
{% macro least_weighted_share() %}0.8{% endmacro %}

{# Dollars of a linear contract: both per base unit of the instrument, so that no multiplier is needed. #}
{% macro liquidation_usd(price, quantity) -%}({{ price }} * {{ quantity }}){%- endmacro %}
