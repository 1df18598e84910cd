{# A percentile: the share of the earlier values in its span strictly below, plus half the ties; NULL under a minimum.
   Arguments are a value and, over the earlier values in the span, their number, those below it and those equal to it. #}
{% macro percentile_from_counts(n_earlier, n_below, n_equal, least) -%}
    case when {{ n_earlier }} >= {{ least }} then ({{ n_below }} + 0.5 * {{ n_equal }}) / {{ n_earlier }} end
{%- endmacro %}

{# Weeks of history below which a percentile or a standard deviation of weekly values is not known, and the span. #}
{% macro least_weeks_of_history() %}26{% endmacro %}
{% macro history_span_weeks() %}104{% endmacro %}

{# Coverage below which an evidence does not vote. #}
{% macro least_coverage_pct() %}80{% endmacro %}
