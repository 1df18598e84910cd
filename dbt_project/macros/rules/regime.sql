{# What makes a vote, and a verdict that stands. #}

{# Coverage below which an evidence does not vote. #}
{% macro least_coverage_pct() %}80{% endmacro %}

{# A verdict stands at least so many weeks unless the evidence is unanimous. #}
{% macro least_weeks_in_verdict() %}2{% endmacro %}
