-- One row per day's end with observations: the market's open interest, and an index that grows by the day's like-for-like ratio.
-- Where no symbol is on both days, the chain breaks and a new one begins at 1.
with chained as (
    select
        *,
        sum(case when like_for_like_ratio is null then 1 else 0 end) over (order by market_date) as chain_id
    from {{ ref('int_open_interest_links') }}
),

indexed as (
    select
        *,
        exp(sum(coalesce(ln(like_for_like_ratio), 0e0)) over (partition by chain_id order by market_date)) as like_for_like_index
    from chained
),

latest as (
    select total_usd, chain_id, like_for_like_index
    from indexed
    qualify row_number() over (order by market_date desc) = 1
)

select
    indexed.market_date,
    indexed.total_usd,
    latest.total_usd * indexed.like_for_like_index / latest.like_for_like_index as total_like_for_like_usd,
    100 * indexed.total_usd / market_caps.total_ex_stablecoins_usd as to_market_cap_pct,
    indexed.n_venues,
    indexed.coverage_pct,
    -- The index is the same whatever comes later, so a percentile of it looks back only.
    cast(indexed.chain_id as bigint) as chain_id,
    indexed.like_for_like_index
from indexed
left join latest on latest.chain_id = indexed.chain_id
left join {{ ref('market_cap_daily') }} as market_caps on market_caps.market_date = indexed.market_date
