{{ config(meta={'time_column': 'week_start'}) }}
-- One row per closed window: a Monday week, and the week between two US cash closes.
with days as (
    {{ timestamps_from_to(
        'day',
        "date_trunc('week', " ~ starts_at() ~ ") - interval '7 days'",
        now_at() ~ " + interval '7 days'",
        '1 day'
    ) }}
),

full_closures as (
    select market_date
    from {{ ref('nyse_calendar') }}
    where not is_half_day
),

known_years as (
    select distinct extract(year from market_date) as year
    from {{ ref('nyse_calendar') }}
),

-- The week's last session closes at 16:00 New York; on half days too, by definition of the window. Which one is the last is
-- known of the calendar's years alone: of another, Good Friday would pass for a session.
cash_closes as (
    select
        cast(date_trunc('week', days.day) as date) as week_start,
        {{ utc_of_new_york("max(days.day) + interval '16 hours'") }} as closes_at
    from days
    inner join known_years
        on known_years.year = extract(year from date_trunc('week', days.day) + interval '4 days')
    left join full_closures on full_closures.market_date = cast(days.day as date)
    where days.day < date_trunc('week', days.day) + interval '5 days'
        and full_closures.market_date is null
    group by date_trunc('week', days.day)
),

weeks as (
    select cast(day as date) as week_start
    from days
    where day = date_trunc('week', day)
        and day >= date_trunc('week', {{ starts_at() }})
),

windows as (
    select
        week_start,
        'mon_mon' as window_id,
        cast(week_start as timestamp) as starts_at,
        cast(week_start as timestamp) + interval '7 days' as ends_at
    from weeks
    union all
    select
        weeks.week_start,
        'fri_fri' as window_id,
        before.closes_at as starts_at,
        this.closes_at as ends_at
    from weeks
    inner join cash_closes as this on this.week_start = weeks.week_start
    inner join cash_closes as before on before.week_start = cast(weeks.week_start - interval '7 days' as date)
)

select
    week_start,
    window_id,
    starts_at,
    ends_at,
    cast({{ hours_between('starts_at', 'ends_at') }} as bigint) as n_hours
from windows
where ends_at <= {{ now_at() }}
