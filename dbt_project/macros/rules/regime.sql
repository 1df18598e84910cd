{# What makes a vote, and a verdict that is confirmed. #}

{# Coverage below which an evidence does not vote. #}
{% macro least_coverage_pct() %}80{% endmacro %}

{# Weeks that a better verdict stands before it is confirmed; a worse one is at once. #}
{% macro weeks_to_confirm() %}2{% endmacro %}
