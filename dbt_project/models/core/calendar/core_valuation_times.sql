{{ config(meta={'time_column': 'valued_at'}) }}
-- One row per moment at which assets are valued and chosen: window starts, Mondays, rebalancing hours, ends of days.
with days as (
    {{ timestamps_from_to('day', "date_trunc('week', " ~ starts_at() ~ ")", now_at(), '1 day') }}
),

-- The last Friday of a month at 10:00 UTC.
rebalancing_hours as (
    select day + interval '10 hours' as valued_at
    from days
    where day = date_trunc('week', day) + interval '4 days'
        and date_trunc('month', day + interval '7 days') > date_trunc('month', day)
        and day + interval '10 hours' <= {{ now_at() }}
),

valuation_times as (
    select starts_at as valued_at from {{ ref('core_windows') }}
    union
    select day as valued_at from days
    union
    select valued_at from rebalancing_hours
)

select
    valuation_times.valued_at,
    valuation_times.valued_at = date_trunc('day', valuation_times.valued_at) as is_day_end,
    valuation_times.valued_at = date_trunc('week', valuation_times.valued_at) as is_monday,
    rebalancing_hours.valued_at is not null as is_rebalancing
from valuation_times
left join rebalancing_hours on rebalancing_hours.valued_at = valuation_times.valued_at
