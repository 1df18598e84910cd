{# A verdict stands at least so many weeks unless the evidence is unanimous. #}
{% macro least_weeks_in_verdict() %}2{% endmacro %}
