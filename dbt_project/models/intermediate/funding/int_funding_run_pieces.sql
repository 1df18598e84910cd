{{ config(materialized='incremental', meta={'time_column': 'week_start', 'rebuilt_days_before': 7, 'rebuilt_since': 'int_funding_rebuild'}) }}
-- Hours in a row, within one ISO week, whose funding had one sign (or none): what runs are put together from.
-- An hour's rate is the one that funding_daily's day is the mean of. The hour that ends on Monday 00:00 is the week's before:
-- where it is rewritten, that week is.
with rates as (
    select
        h.asset_id,
        h.hour_at,
        cast(date_trunc('week', h.hour_at - interval '1 hour') as date) as week_start,
        case
            when d.weighting = 'open_interest' then h.weighted_rate_sum / nullif(h.weight_usd, 0)
            else h.rate_sum_pct / nullif(h.n_rates, 0)
        end as rate_pct
    from {{ ref('int_funding_hourly') }} h
    inner join {{ ref('funding_daily') }} d
        on h.asset_id = d.asset_id
        and d.market_date = (h.hour_at - interval '1 hour')::date
        and {{ within_reach('d.market_date', days=8, since='int_funding_rebuild') }}
    where {{ within_reach('h.hour_at', days=7, since='int_funding_rebuild') }}
),

signed as (
    select
        asset_id,
        week_start,
        hour_at,
        case
            when {{ is_negative_funding('rate_pct') }} then -1
            when {{ is_negative_funding('-rate_pct') }} then 1
            else 0
        end as sign
    from rates
    where rate_pct is not null
),

-- Hours of one sign in a row share hour − position among their sign.
numbered as (
    select
        *,
        {{ add_hours('hour_at', '-row_number() over (partition by asset_id, week_start, sign order by hour_at)') }} as piece_id
    from signed
)

select
    asset_id,
    week_start,
    min(hour_at) as piece_start,
    max(hour_at) as piece_end,
    sign::bigint as sign
from numbered
group by asset_id, week_start, sign, piece_id
