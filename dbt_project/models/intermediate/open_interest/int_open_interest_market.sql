-- The market's open interest at each day's end with observations, and an index that grows by the day's like-for-like ratio.
-- Where no symbol is on both days, the chain breaks and a new one begins at 1.
with chained as (
    select
        *,
        sum(case when like_for_like_ratio is null then 1 else 0 end) over (order by market_date) as chain_id
    from {{ ref('int_open_interest_links') }}
)

select
    market_date,
    total_usd,
    coverage_pct,
    n_venues,
    like_for_like_ratio,
    chain_id::bigint as chain_id,
    exp(sum(coalesce(ln(like_for_like_ratio), 0)) over (partition by chain_id order by market_date)) as like_for_like_index
from chained
