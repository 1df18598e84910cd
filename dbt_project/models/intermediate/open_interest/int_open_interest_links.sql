{{ config(materialized='incremental', meta={'time_column': 'market_date'}) }}
-- One row per day's end with observations: the market's open interest, and how it grew since the day with observations before:
-- symbols seen on both days only.
with last_day_before as (
    select max(market_date) as market_date
    from {{ ref('int_open_interest_days') }}
    where is_observed and not ({{ within_reach('market_date') }})
),

-- The day before the first rewritten one may lie any time back.
held as (
    select *
    from {{ ref('int_open_interest_days') }}
    where {{ within_reach('market_date') }}
        or market_date = (select market_date from last_day_before)
),

observed as (
    select *, dense_rank() over (order by market_date) as day_number
    from held
    where is_observed
),

days as (
    select
        market_date,
        sum(open_interest_usd) filter (where is_observed) as total_usd,
        sum(open_interest_usd) as expected_usd,
        count(distinct venue) filter (where is_observed) as n_venues
    from held
    group by market_date
    having count(*) filter (where is_observed) > 0
),

ratios as (
    select b.market_date, sum(b.open_interest_usd) / nullif(sum(a.open_interest_usd), 0) as like_for_like_ratio
    from observed a
    inner join observed b on a.venue = b.venue and a.venue_symbol = b.venue_symbol and a.day_number + 1 = b.day_number
    group by b.market_date
)

select
    d.market_date,
    d.total_usd,
    100 * d.total_usd / nullif(d.expected_usd, 0) as coverage_pct,
    d.n_venues,
    case when r.like_for_like_ratio > 0 then r.like_for_like_ratio end as like_for_like_ratio
from days d
left join ratios r on d.market_date = r.market_date
