{# Formulas of funding. Belongs here: intervals, annualising, signs, the mean over instruments and hours.
   Does not: which rows count (int_funding_*). #}

{# The interval of a settlement. A gap longer than both its neighbours' hides missing settlements, so the longer
   neighbour's counts; with one neighbour known that one decides, with none the gap stands. `greatest` skips NULL. #}
{% macro settlement_interval(gap, previous_gap, next_gap) -%}
    case
        when {{ gap }} > greatest({{ previous_gap }}, {{ next_gap }}) then greatest({{ previous_gap }}, {{ next_gap }})
        else {{ gap }}
    end
{%- endmacro %}

{# A settlement's rate, a fraction per interval, in percent a year. #}
{% macro annualised_pct(rate, interval_hours) -%}(100 * {{ rate }} * 8760 / {{ interval_hours }}){%- endmacro %}

{# Exactly 0 is no sign, and a sum's rounding is none either. #}
{% macro is_negative_funding(rate_pct) -%}({{ rate_pct }} < -1e-9){%- endmacro %}

{# Neutral is 0.01 % per 8 h, 10.95 % a year. #}
{% macro is_below_neutral_funding(rate_pct) -%}({{ rate_pct }} < 10.95 - 1e-6){%- endmacro %}

{# The columns that funding_daily and funding_weekly share. `hours` names a CTE with the rows of int_funding_hourly and
   the columns of `window_key`; every figure is of one window and asset, `ALL` is over all instruments. #}
{% macro funding_over(hours, window_key) %}
{%- set key = (window_key + ['asset_id']) | join(', ') -%}
{# Open interest weighs only where it is known for at least 80 % of the window's instrument-hours with a rate. #}
by_window as (
    select
        {{ key }},
        case
            when sum(n_rates) = 0 then null
            when sum(n_weighted) >= 0.8 * sum(n_rates) then 'open_interest'
            else 'equal'
        end as weighting,
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
        {% for column in window_key %}h.{{ column }}, {% endfor %}
        h.asset_id,
        h.hour_at,
        case
            when w.weighting = 'open_interest' then h.weighted_rate_sum / nullif(h.weight_usd, 0)
            else h.rate_sum_pct / nullif(h.n_rates, 0)
        end as rate_pct
    from {{ hours }} h
    inner join by_window w
        on h.asset_id = w.asset_id{% for column in window_key %} and h.{{ column }} = w.{{ column }}{% endfor %}
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
    r.negative_hours::bigint as negative_hours,
    coalesce(l.longest_negative_run_hours, 0)::bigint as longest_negative_run_hours,
    w.n_venues::bigint as n_venues,
    w.n_settlements::bigint as n_settlements,
    w.expected_settlements::bigint as expected_settlements,
    100 * w.n_settlements / nullif(w.expected_settlements, 0)::double as coverage_pct
from by_window w
{%- for other, alias in [('rates', 'r'), ('longest_runs', 'l'), ('medians', 'm')] %}
left join {{ other }} {{ alias }}
    on w.asset_id = {{ alias }}.asset_id
    {%- for column in window_key %} and w.{{ column }} = {{ alias }}.{{ column }}{% endfor %}
{%- endfor %}
{% endmacro %}
