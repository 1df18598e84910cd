{# Formulas of open interest: what moved it over one step, p = price in USD of one coin, q = coins. #}

{# USD that the price alone made: ½(q₀+q₁)(p₁−p₀). #}
{% macro price_effect(p0, q0, p1, q1) -%}(0.5 * ({{ q0 }} + {{ q1 }}) * ({{ p1 }} - {{ p0 }})){%- endmacro %}

{# USD that opening and closing positions made: ½(p₀+p₁)(q₁−q₀). #}
{% macro position_effect(p0, q0, p1, q1) -%}(0.5 * ({{ p0 }} + {{ p1 }}) * ({{ q1 }} - {{ q0 }})){%- endmacro %}

{# Whose open interest it is, by its rank at the window's start; who has none is of the long tail. #}
{% macro open_interest_bucket(asset_id, rank) -%}
    case
        when {{ asset_id }} in ('bitcoin', 'ethereum') then 'majors'
        when {{ rank }} <= 10 then 'large'
        when {{ rank }} <= 50 then 'mid'
        else 'long_tail'
    end
{%- endmacro %}
