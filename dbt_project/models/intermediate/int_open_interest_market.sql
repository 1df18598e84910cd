-- The market's open interest at each day's end with observations, and an index that grows by the day's like-for-like
-- ratio: symbols seen on both days only. Where no symbol is on both, the chain breaks and a new one begins at 1.
with observed as (
    select * from {{ ref('int_open_interest_days') }} where is_observed
),

days as (
    select
        market_date,
        sum(open_interest_usd) filter (where is_observed) as total_usd,
        sum(open_interest_usd) as expected_usd,
        count(distinct venue) filter (where is_observed) as n_venues
    from {{ ref('int_open_interest_days') }}
    group by market_date
    having count(*) filter (where is_observed) > 0
),

pairs as (
    select market_date, lag(market_date) over (order by market_date) as previous_date
    from days
),

ratios as (
    select p.market_date, sum(b.open_interest_usd) / nullif(sum(a.open_interest_usd), 0) as like_for_like_ratio
    from pairs p
    inner join observed a on p.previous_date = a.market_date
    inner join observed b on p.market_date = b.market_date and a.venue = b.venue and a.venue_symbol = b.venue_symbol
    group by p.market_date
),

linked as (
    select d.*, case when r.like_for_like_ratio > 0 then r.like_for_like_ratio end as like_for_like_ratio
    from days d
    left join ratios r on d.market_date = r.market_date
),

chained as (
    select
        *,
        sum(case when like_for_like_ratio is null then 1 else 0 end) over (order by market_date) as chain_id
    from linked
)

select
    market_date,
    total_usd,
    100 * total_usd / nullif(expected_usd, 0) as coverage_pct,
    n_venues,
    like_for_like_ratio,
    chain_id::bigint as chain_id,
    exp(sum(coalesce(ln(like_for_like_ratio), 0)) over (partition by chain_id order by market_date)) as like_for_like_index
from chained
