-- One row per asset and unbroken run of hours whose funding had one sign. `ALL` is the market.
-- An hour's rate is the one that funding_daily's day is the mean of. No sign (0) ends a run; a missing hour censors it.
with days as (
    select asset_id, market_date, weighting from {{ ref('funding_daily') }}
),

rates as (
    select
        h.asset_id,
        h.hour_at,
        case
            when d.weighting = 'open_interest' then h.weighted_rate_sum / nullif(h.weight_usd, 0)
            else h.rate_sum_pct / nullif(h.n_rates, 0)
        end as rate_pct
    from {{ ref('int_funding_hourly') }} h
    inner join days d
        on h.asset_id = d.asset_id and d.market_date = (h.hour_at - interval '1 hour')::date
),

known as (
    select * from rates where rate_pct is not null
),

signed as (
    select
        asset_id,
        hour_at,
        case
            when {{ is_negative_funding('rate_pct') }} then -1
            when {{ is_negative_funding('-rate_pct') }} then 1
            else 0
        end as sign,
        coalesce(lag(hour_at) over in_order < hour_at - interval '1 hour', true) as is_after_hole,
        coalesce(lead(hour_at) over in_order > hour_at + interval '1 hour', true) as is_before_hole
    from known
    window in_order as (partition by asset_id order by hour_at)
),

-- Hours of one sign in a row share hour − position among their sign.
numbered as (
    select
        *,
        {{ add_hours('hour_at', '-row_number() over (partition by asset_id, sign order by hour_at)') }} as run_id,
        max(hour_at) over () as newest_hour_at
    from signed
),

runs as (
    select
        asset_id,
        sign,
        min(hour_at) as run_start,
        max(hour_at) as run_end,
        count(*) as hours,
        min_by(is_after_hole, hour_at) as is_after_hole,
        max_by(is_before_hole, hour_at) as is_before_hole,
        max(newest_hour_at) as newest_hour_at
    from numbered
    where sign <> 0
    group by asset_id, sign, run_id
)

select
    asset_id,
    run_start,
    run_end,
    hours::bigint as hours,
    sign::bigint as sign,
    run_end = newest_hour_at as is_open,
    is_after_hole or (is_before_hole and run_end < newest_hour_at) as is_censored
from runs
