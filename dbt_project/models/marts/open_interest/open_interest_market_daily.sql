with latest as (
    select total_usd, chain_id, like_for_like_index
    from {{ ref('int_open_interest_market') }}
    qualify row_number() over (order by market_date desc) = 1
)

select
    m.market_date,
    m.total_usd,
    l.total_usd * m.like_for_like_index / l.like_for_like_index as total_like_for_like_usd,
    100 * m.total_usd / c.total_ex_stablecoins_usd as to_market_cap_pct,
    m.n_venues,
    m.coverage_pct,
    -- The index is the same whatever comes later, so a percentile of it looks back only.
    m.chain_id,
    m.like_for_like_index
from {{ ref('int_open_interest_market') }} m
left join latest l on m.chain_id = l.chain_id
left join {{ ref('market_cap_daily') }} c on m.market_date = c.market_date
