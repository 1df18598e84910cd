{{ config(
    materialized='incremental',
    meta={'time_column': 'week_start', 'look_back_days': 7, 'rebuilt_days_before': 7, 'rebuilt_since': 'int_funding_rebuild'}
) }}
-- Hours in a row, within one ISO week, whose funding had one sign (or none): what runs are put together from.
-- An hour's rate is weighted as its whole day is. The hour that ends on Monday 00:00 is the week's before: where it is rewritten,
-- that week is.
with hours as (
    select *, cast(hour_at - interval '1 hour' as date) as market_date
    from {{ recent(ref('int_funding_hourly')) }} as hours
    where hour_at <= (select max(ends_at) from {{ ref('core_days') }})
),

weighted as (
    select
        *,
        {{ funding_weighting(
            'sum(n_rates) over (partition by asset_id, market_date)',
            'sum(n_weighted) over (partition by asset_id, market_date)'
        ) }} as weighting
    from hours
),

rates as (
    select
        asset_id,
        hour_at,
        cast(date_trunc('week', hour_at - interval '1 hour') as date) as week_start,
        {{ funding_rate_of_hour() }} as rate_pct
    from weighted
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
    cast(sign as bigint) as sign
from numbered
group by asset_id, week_start, sign, piece_id
