{# Formulas of funding: annualising, signs, the mean over instruments and hours. #}

{# A settlement's rate, a fraction per interval, in percent a year. #}
{% macro annualised_pct(rate, interval_hours) -%}(100 * {{ rate }} * 8760 / {{ interval_hours }}){%- endmacro %}

{# Exactly 0 is no sign, and a sum's rounding is none either. #}
{% macro is_negative_funding(rate_pct) -%}({{ rate_pct }} < -1e-9){%- endmacro %}

{# Neutral is 0.01 % per 8 h, 10.95 % a year. #}
{% macro is_below_neutral_funding(rate_pct) -%}({{ rate_pct }} < 10.95 - 1e-6){%- endmacro %}

{# What weighs the hours of a window: open interest only where it is known for at least 80 % of the instrument-hours with a rate. #}
{% macro funding_weighting(n_rates, n_weighted) -%}
    case
        when {{ n_rates }} = 0 then null
        when {{ n_weighted }} >= 0.8 * {{ n_rates }} then 'open_interest'
        else 'equal'
    end
{%- endmacro %}

{# The mean over instruments in one hour of int_funding_hourly, weighted as its window is. #}
{% macro funding_rate_of_hour(weighting='weighting', hours=none) -%}
    {%- set of = hours ~ '.' if hours else '' -%}
    case
        when {{ weighting }} = 'open_interest' then {{ of }}weighted_rate_sum / nullif({{ of }}weight_usd, 0)
        else {{ of }}rate_sum_pct / nullif({{ of }}n_rates, 0)
    end
{%- endmacro %}

{# The columns that funding_daily and funding_weekly share. `hours` names a CTE with the rows of int_funding_hourly and
   the columns of `window_key`; every figure is of one window and asset, `ALL` is over all instruments. #}
{% macro funding_over(hours, window_key) %}
{%- set key = (window_key + ['asset_id']) | join(', ') -%}
by_window as (
    select
        {{ key }},
        {{ funding_weighting('sum(n_rates)', 'sum(n_weighted)') }} as weighting,
        100 * sum(negative_weight_usd) / nullif(sum(weight_usd), 0) as weighted_negative_pct,
        100 * sum(n_negative) / nullif(sum(n_rates), 0) as counted_negative_pct,
        100 * sum(below_neutral_weight_usd) / nullif(sum(weight_usd), 0) as weighted_below_neutral_pct,
        100 * sum(n_below_neutral) / nullif(sum(n_rates), 0) as counted_below_neutral_pct,
        bit_count(bit_or(venue_bits)) as n_venues,
        sum(n_settlements) as n_settlements,
        sum(n_expected_settlements) as expected_settlements
    from {{ hours }}
    group by {{ key }}
),

hourly_rates as (
    select
        {% for column in window_key %}hours_with_rates.{{ column }}, {% endfor %}
        hours_with_rates.asset_id,
        hours_with_rates.hour_at,
        {{ funding_rate_of_hour('by_window.weighting', 'hours_with_rates') }} as rate_pct
    from {{ hours }} as hours_with_rates
    inner join by_window
        on by_window.asset_id = hours_with_rates.asset_id
        {%- for column in window_key %} and by_window.{{ column }} = hours_with_rates.{{ column }}{% endfor %}
),

rates as (
    select
        {{ key }},
        avg(rate_pct) as funding_rate_annualised_pct,
        sum(case when {{ is_negative_funding('rate_pct') }} then 1 else 0 end) as negative_hours
    from hourly_rates
    group by {{ key }}
),

{# Consecutive negative hours share hour − position: any other hour, and a missing one, starts a new run. #}
negative_hours_in_order as (
    select
        {{ key }},
        {{ add_hours('hour_at', '-row_number() over (partition by ' ~ key ~ ' order by hour_at)') }} as run_id
    from hourly_rates
    where {{ is_negative_funding('rate_pct') }}
),

negative_runs as (
    select {{ key }}, run_id, count(*) as run_hours
    from negative_hours_in_order
    group by {{ key }}, run_id
),

longest_runs as (
    select {{ key }}, max(run_hours) as longest_negative_run_hours
    from negative_runs
    group by {{ key }}
),

medians as (
    select {{ window_key | join(', ') }}, 'ALL' as asset_id, median(funding_rate_annualised_pct) as median_across_assets_pct
    from rates
    where asset_id <> 'ALL'
    group by {{ window_key | join(', ') }}
)

select
    {% for column in window_key %}w.{{ column }}, {% endfor %}
    w.asset_id,
    r.funding_rate_annualised_pct,
    w.weighting,
    m.median_across_assets_pct,
    case
        when w.weighting = 'open_interest' then w.weighted_negative_pct else w.counted_negative_pct
    end as share_of_open_interest_negative_pct,
    case
        when w.weighting = 'open_interest' then w.weighted_below_neutral_pct else w.counted_below_neutral_pct
    end as share_below_neutral_pct,
    cast(r.negative_hours as bigint) as negative_hours,
    cast(coalesce(l.longest_negative_run_hours, 0) as bigint) as longest_negative_run_hours,
    cast(w.n_venues as bigint) as n_venues,
    cast(w.n_settlements as bigint) as n_settlements,
    cast(w.expected_settlements as bigint) as expected_settlements,
    100 * w.n_settlements / cast(nullif(w.expected_settlements, 0) as double) as coverage_pct
from by_window as w
{%- for other, alias in [('rates', 'r'), ('longest_runs', 'l'), ('medians', 'm')] %}
left join {{ other }} as {{ alias }}
    on w.asset_id = {{ alias }}.asset_id
    {%- for column in window_key %} and w.{{ column }} = {{ alias }}.{{ column }}{% endfor %}
{%- endfor %}
{% endmacro %}
