{# Formulas of returns. Logarithmic between hours, percent over windows. #}

{# ln(p_t / p_before) within one instrument, whatever the distance to the price before. #}
{% macro log_return(price, at, within) -%}
    ln({{ price }} / lag({{ price }}) over (partition by {{ within | join(', ') }} order by {{ at }}))
{%- endmacro %}

{# A window's return is the chain of its hourly log returns; an asset that stopped trading keeps its last price. #}
{% macro chained_return_pct(log_return) -%}
    100e0 * (exp(coalesce(sum({{ log_return }}), 0e0)) - 1e0)
{%- endmacro %}

{# Mean of returns weighted by the market cap at the window's start. #}
{% macro cap_weighted(value, market_cap) -%}
    (sum({{ value }} * {{ market_cap }}) / sum({{ market_cap }}))
{%- endmacro %}
