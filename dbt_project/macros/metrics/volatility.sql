{# Formulas of volatility. #}

{# Annualised volatility in percent about a mean of zero: `n` squared returns, of which a year has `a_year`. #}
{% macro annualised_volatility_pct(sum_of_squares, n, a_year) -%}
    100e0 * sqrt({{ a_year }}e0 / {{ n }} * {{ sum_of_squares }})
{%- endmacro %}
