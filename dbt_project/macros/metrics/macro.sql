{# Formulas of macro: when a series is stale, what a curve did, what a future says of a meeting. #}

{# Days after its newest release from which a series says nothing of the week. #}
{% macro stale_after_days(frequency) -%}
    case {{ frequency }} when 'quarter' then 120 when 'month' then 45 else 7 end
{%- endmacro %}

{# Whether what was released then is stale at the end of a week. #}
{% macro is_stale_release(released_at, week_ends_at, frequency) -%}
    ({{ released_at }} < {{ week_ends_at }} - interval '1 day' * ({{ stale_after_days(frequency) }}))
{%- endmacro %}

{# Bear: yields rose; steepener: the long end by more. Half a standard deviation of weekly changes of the slope is noise. #}
{% macro curve_label(slope_change, level_change, slope_change_sd) -%}
    case
        when {{ slope_change_sd }} is null or {{ slope_change }} is null then null
        when {{ slope_change }} > 0.5 * {{ slope_change_sd }} and {{ level_change }} > 0 then 'bear steepener'
        when {{ slope_change }} > 0.5 * {{ slope_change_sd }} then 'bull steepener'
        when {{ slope_change }} < -0.5 * {{ slope_change_sd }} and {{ level_change }} > 0 then 'bear flattener'
        when {{ slope_change }} < -0.5 * {{ slope_change_sd }} then 'bull flattener'
        else 'unchanged'
    end
{%- endmacro %}

{# Probability in percent of a cut by a quarter point. A fed-funds future settles at 100 less its month's mean rate; with
   the decision on day d of N: mean = (d/N)·before + ((N−d)/N)·after. #}
{% macro cut_probability_pct(rate_before, mean_rate, decided_on, is_month_after) -%}
    100e0 / 0.25 * ({{ rate_before }} - case
        when {{ is_month_after }} then {{ mean_rate }}
        else (
            {{ mean_rate }} * day(last_day({{ decided_on }})) - {{ rate_before }} * day({{ decided_on }})
        ) / (day(last_day({{ decided_on }})) - day({{ decided_on }}))
    end)
{%- endmacro %}
