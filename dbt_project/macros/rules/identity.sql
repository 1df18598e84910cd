{# What is taken for the same thing, and since when. #}

{# True where a provider's price is that of our closes between `low` and `high`. #}
{% macro is_price_within(price, low, high) -%}
    {{ price }} between {{ low }} * (1 - {{ provider_price_tolerance() }}) and {{ high }} * (1 + {{ provider_price_tolerance() }})
{%- endmacro %}

{# Open ends of a validity, as timestamps that compare. #}
{% macro beginning_of_time() %}timestamp '1970-01-01 00:00:00'{% endmacro %}
{% macro end_of_time() %}timestamp '9999-12-31 00:00:00'{% endmacro %}

{# True where a seed row with valid_from (included) and valid_to (not included), either open, holds at a moment. #}
{% macro is_valid_at(seed, moment) -%}
    ({{ seed }}.valid_from is null or cast({{ seed }}.valid_from as timestamp) <= {{ moment }})
        and ({{ seed }}.valid_to is null or cast({{ seed }}.valid_to as timestamp) > {{ moment }})
{%- endmacro %}
