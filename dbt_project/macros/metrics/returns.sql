{# Formulas of returns. Logarithmic between hours, percent over windows. #}

{# ln(p_t / p_before) within one instrument, whatever the distance to the price before. #}
{% macro log_return(price, at, within) -%}
    ln({{ price }} / lag({{ price }}) over (partition by {{ within | join(', ') }} order by {{ at }}))
{%- endmacro %}

{# A window's return is the chain of its hourly log returns; an asset that stopped trading keeps its last price. #}
{% macro chained_return_pct(log_return) -%}
    100e0 * (exp(coalesce(sum({{ log_return }}), 0e0)) - 1e0)
{%- endmacro %}

{# Return in percent from one level to a later one. #}
{% macro simple_return_pct(before, after) -%}100e0 * ({{ after }} / {{ before }} - 1e0){%- endmacro %}

{# Of an asset that has no hour in the window: the price at its start is the last one, and it has not moved. #}
{% macro return_or_unmoved(return_pct) -%}coalesce({{ return_pct }}, 0e0){%- endmacro %}

{# Mean of returns weighted by the market cap at the window's start. #}
{% macro cap_weighted(value, market_cap) -%}
    (sum({{ value }} * {{ market_cap }}) / sum({{ market_cap }}))
{%- endmacro %}
