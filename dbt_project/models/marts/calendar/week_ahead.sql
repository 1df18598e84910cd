-- One row per week and event of the week after it that calendars know; the next decision of the Federal Reserve however far it is.
with weeks as (
    select
        week_start,
        cast(week_start + interval '7 days' as date) as first_date,
        cast(week_start + interval '13 days' as date) as last_date,
        cast(week_start + interval '11 days' as date) as friday
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

fomc_meetings as (
    select * from {{ ref('fomc_meetings') }}
),

nyse_calendar as (
    select * from {{ ref('nyse_calendar') }}
),

jpx_calendar as (
    select * from {{ ref('jpx_calendar') }}
),

macro_releases as (
    select * from {{ ref('macro_releases') }}
),

macro_series as (
    select *
    from {{ ref('macro_series') }}
    where priority = 1
        and frequency in ('month', 'quarter')
),

months_back as (
    {{ whole_numbers('n', 0, 6) }}
),

-- A release whose day no calendar names comes, by experience, its usual lag after what it describes.
reference_dates as (
    select
        weeks.week_start,
        weeks.first_date,
        weeks.last_date,
        cast(date_trunc('month', weeks.first_date) - months_back.n * interval '1 month' as date) as reference_date
    from weeks
    cross join months_back
),

dated_releases as (
    select
        dates.week_start,
        dates.first_date,
        dates.last_date,
        series.series_id,
        series.name,
        cast(
            coalesce(known.released_at, dates.reference_date + series.usual_lag_days * interval '1 day') as date
        ) as event_date,
        known.released_at is null as is_estimated
    from reference_dates as dates
    inner join macro_series as series
        on series.frequency = 'month' or extract(month from dates.reference_date) in (1, 4, 7, 10)
    left join macro_releases as known
        on known.series = series.series
        and known.reference_date = dates.reference_date
),

releases as (
    select week_start, event_date, 'release' as kind, series_id as event_id, name, is_estimated
    from dated_releases
    where event_date between first_date and last_date
),

next_decisions as (
    select
        weeks.week_start,
        min(meetings.decided_on) as event_date
    from weeks
    inner join fomc_meetings as meetings on meetings.decided_on >= weeks.first_date
    group by weeks.week_start
),

-- Deribit's and CME's monthly contracts end on the last Friday of the month; those of the quarter's last month are the large ones.
expiries as (
    select
        week_start,
        friday as event_date,
        case when extract(month from friday) in (3, 6, 9, 12) then 'quarterly_expiry' else 'monthly_expiry' end as event_id
    from weeks
    where extract(month from cast(friday + interval '7 days' as date)) <> extract(month from friday)
),

events as (
    select week_start, event_date, kind, event_id, name, is_estimated
    from releases
    union all
    select week_start, event_date, 'decision', 'fomc', 'FOMC decision', false
    from next_decisions
    union all
    select week_start, event_date, 'expiry', event_id, event_id, false
    from expiries
    union all
    select
        weeks.week_start,
        days.market_date,
        case when days.is_half_day then 'us_half_day' else 'us_holiday' end,
        'nyse',
        days.holiday,
        false
    from weeks
    inner join nyse_calendar as days on days.market_date between weeks.first_date and weeks.last_date
    union all
    select weeks.week_start, days.market_date, 'japan_holiday', 'jpx', days.holiday, false
    from weeks
    inner join jpx_calendar as days on days.market_date between weeks.first_date and weeks.last_date
)

select
    week_start,
    event_date,
    kind,
    event_id,
    min(name) as name,
    bool_and(is_estimated) as is_estimated
from events
group by week_start, event_date, kind, event_id
