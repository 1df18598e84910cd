{{ config(materialized='incremental', meta={'time_column': 'market_date'}) }}
-- One row per day's end with observations: the market's open interest, and how it grew since the day with observations before:
-- symbols seen on both days only.
with last_day_before as (
    select max(market_date) as market_date
    from {{ ref('int_open_interest_days') }}
    where is_observed and market_date < {{ rebuild_from() }}
),

-- The day before the first rewritten one may lie any time back.
symbol_days as (
    select *
    from {{ ref('int_open_interest_days') }}
    where market_date >= {{ rebuild_from() }}
        or market_date = (select market_date from last_day_before)
),

observed as (
    select *, dense_rank() over (order by market_date) as day_number
    from symbol_days
    where is_observed
),

days as (
    select
        market_date,
        sum(open_interest_usd) filter (where is_observed) as total_usd,
        sum(open_interest_usd) as expected_usd,
        count(distinct venue) filter (where is_observed) as n_venues
    from symbol_days
    group by market_date
    having count(*) filter (where is_observed) > 0
),

ratios as (
    select after.market_date, sum(after.open_interest_usd) / nullif(sum(before.open_interest_usd), 0) as like_for_like_ratio
    from observed as before
    inner join observed as after
        on after.venue = before.venue
        and after.venue_symbol = before.venue_symbol
        and after.day_number = before.day_number + 1
    group by after.market_date
)

select
    days.market_date,
    days.total_usd,
    100 * days.total_usd / nullif(days.expected_usd, 0) as coverage_pct,
    days.n_venues,
    case when ratios.like_for_like_ratio > 0 then ratios.like_for_like_ratio end as like_for_like_ratio
from days
left join ratios on ratios.market_date = days.market_date
