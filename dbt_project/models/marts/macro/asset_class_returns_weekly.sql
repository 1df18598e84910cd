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
    select
        provider,
        series,
        reference_date as close_date,
        value as close,
        lag(value) over (partition by provider, series order by reference_date) as previous_close
    from {{ ref('int_published_values') }}
    where dataset = 'asset_class_prices' and value > 0
),

-- Perhaps a fund's split that its closes were not adjusted for.
jumps as (
    select provider, series, close_date
    from closes
    where greatest(close / previous_close, previous_close / close) > {{ most_session_factor() }}
),

crypto as (
    select
        week_start,
        'crypto' as asset_class,
        'marts' as provider,
        'top30' as series,
        return_pct,
        cast(null as varchar) as left_out_reason
    from {{ ref('index_returns_weekly') }}
    where index_id = 'top30' and window_id = 'fri_fri'
),

-- Where a class has both closes from one source: a week is never measured between two sources.
measured as (
    select
        windows.week_start,
        classes.asset_class,
        classes.provider,
        classes.series,
        classes.is_fund,
        windows.starts_on,
        windows.ends_on,
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
    qualify row_number() over (partition by windows.week_start, classes.asset_class order by classes.priority) = 1
),

split as (
    select distinct measured.week_start, measured.asset_class
    from measured
    inner join jumps
        on jumps.provider = measured.provider
        and jumps.series = measured.series
        and jumps.close_date > measured.starts_on
        and jumps.close_date <= measured.ends_on
    where measured.is_fund
),

others as (
    select
        measured.week_start,
        measured.asset_class,
        measured.provider,
        measured.series,
        case when split.asset_class is null then measured.return_pct end as return_pct,
        case when split.asset_class is not null then 'split_suspected' end as left_out_reason
    from measured
    left join split
        on split.week_start = measured.week_start
        and split.asset_class = measured.asset_class
),

returns as (
    select * from crypto
    union all
    select * from others
),

ranked as (
    select
        *,
        case
            when return_pct is not null
                then row_number() over (partition by week_start order by return_pct desc nulls last, asset_class)
        end as rank,
        count(return_pct) over (partition by week_start) as n_classes
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
    ranked.series,
    ranked.left_out_reason
from ranked
left join worst_weeks
    on worst_weeks.week_start = ranked.week_start
    and worst_weeks.asset_class = ranked.asset_class
