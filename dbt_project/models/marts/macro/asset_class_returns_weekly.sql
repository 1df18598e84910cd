-- One row per week and asset class with data: its return from US cash close to US cash close, and how it compares.
with windows as (
    select week_start, cast(starts_at as date) as starts_on, cast(ends_at as date) as ends_on
    from {{ ref('core_windows') }}
    where window_id = 'fri_fri'
),

asset_classes as (
    select * from {{ ref('asset_classes') }}
),

closes as (
    select provider, series, reference_date as close_date, value as close
    from {{ ref('int_published_values') }}
    where dataset = 'asset_class_prices' and value > 0
),

crypto as (
    select week_start, 'crypto' as asset_class, 'marts' as provider, 'top30' as series, return_pct
    from {{ ref('index_returns_weekly') }}
    where index_id = 'top30' and window_id = 'fri_fri'
),

-- The first source of a class that has both closes: a week is never measured between two sources.
others as (
    select
        windows.week_start,
        classes.asset_class,
        classes.provider,
        classes.series,
        100e0 * (ends.close / begins.close - 1e0) as return_pct
    from windows
    cross join asset_classes as classes
    inner join closes as begins
        on begins.provider = classes.provider
        and begins.series = classes.series
        and begins.close_date = windows.starts_on
    inner join closes as ends
        on ends.provider = classes.provider
        and ends.series = classes.series
        and ends.close_date = windows.ends_on
    qualify row_number() over (
        partition by windows.week_start, classes.asset_class order by classes.priority
    ) = 1
),

returns as (
    select * from crypto
    union all
    select * from others
),

ranked as (
    select
        *,
        row_number() over (partition by week_start order by return_pct desc, asset_class) as rank,
        count(*) over (partition by week_start) as n_classes
    from returns
),

-- Weeks in a row as the worst share week − 7 × position.
worst_runs as (
    select
        week_start,
        asset_class,
        {{ add_hours(
            'cast(week_start as timestamp)',
            '-168 * row_number() over (partition by asset_class order by week_start)'
        ) }} as run_start
    from ranked
    where rank = n_classes and n_classes >= 2
),

worst_weeks as (
    select
        week_start,
        asset_class,
        row_number() over (partition by asset_class, run_start order by week_start) as worst_streak_weeks
    from worst_runs
)

select
    ranked.week_start,
    ranked.asset_class,
    ranked.return_pct,
    ranked.rank,
    worst_weeks.week_start is not null as is_worst,
    coalesce(worst_weeks.worst_streak_weeks, 0) as worst_streak_weeks,
    ranked.n_classes,
    ranked.provider,
    ranked.series
from ranked
left join worst_weeks
    on worst_weeks.week_start = ranked.week_start
    and worst_weeks.asset_class = ranked.asset_class
