{# The limits of the definitions, each named once. #}

{# Share of the 168 hours before a moment that a price must have been there. #}
{% macro least_share_of_hours() %}0.9{% endmacro %}

{# Hours that a missing price is carried. #}
{% macro carry_hours() %}3{% endmacro %}

{# Days that a circulating supply may be old. #}
{% macro supply_age_limit_days() %}200{% endmacro %}

{# A provider's price this share outside the low–high of our closes is another coin's, or another multiplier's. #}
{% macro provider_price_tolerance() %}0.15{% endmacro %}

{# Members below which a sector has no index and no rank. #}
{% macro least_sector_members() %}3{% endmacro %}

{# Members of the top-30 index, and the most that one may weigh. #}
{% macro top_index_members() %}30{% endmacro %}
{% macro top_index_weight_cap() %}0.25{% endmacro %}

{# Assets and hours below which a correlation is not known. #}
{% macro least_correlation_assets() %}2{% endmacro %}
{% macro least_correlation_hours() %}100{% endmacro %}

{# Quotes counted as one dollar. #}
{% macro dollar_quotes() %}('USD', 'USDT', 'USDC'){% endmacro %}

{# Hours of bitcoin's 26 weeks before a horizon, below which its usual variance is not known: 13 weeks of them. #}
{% macro least_hours_of_baseline() %}2184{% endmacro %}
