-- One row per moment at which assets are valued and chosen: window starts, Mondays, rebalancing hours, ends of days.
with days as (
    {{ timestamps_from_to('day', "date_trunc('week', " ~ starts_at() ~ ")", now_at(), '1 day') }}
),

-- The last Friday of a month at 10:00 UTC.
rebalancing_hours as (
    select day + interval '10 hours' as moment_at
    from days
    where day = date_trunc('week', day) + interval '4 days'
        and date_trunc('month', day + interval '7 days') > date_trunc('month', day)
        and day + interval '10 hours' <= {{ now_at() }}
),

moments as (
    select starts_at as moment_at from {{ ref('int_windows') }}
    union
    select day as moment_at from days
    union
    select moment_at from rebalancing_hours
)

select
    moments.moment_at,
    moments.moment_at = date_trunc('day', moments.moment_at) as is_day_end,
    moments.moment_at = date_trunc('week', moments.moment_at) as is_monday,
    rebalancing_hours.moment_at is not null as is_rebalancing
from moments
left join rebalancing_hours on rebalancing_hours.moment_at = moments.moment_at
