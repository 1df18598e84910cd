{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- One row per week and pair of perpetuals of one asset: how large the one's funding is beside the other's, and how alike.
with peered as (
    select asset_id
    from {{ ref('int_instruments') }}
    where market_type = 'perp'
    group by asset_id
    having count(distinct venue || ' ' || venue_symbol) > 1
),

bins as (
    select named.asset_id, named.week_start, named.bin_at, named.venue, named.venue_symbol, sum(named.funding_rate) as rate
    from {{ ref('int_funding_bins') }} as named
    inner join peered on peered.asset_id = named.asset_id
    where {{ within_reach('named.week_start') }}
    group by named.asset_id, named.week_start, named.bin_at, named.venue, named.venue_symbol
)

select
    a.asset_id,
    a.week_start,
    a.venue,
    a.venue_symbol,
    b.venue as peer_venue,
    b.venue_symbol as peer_symbol,
    median(abs(a.rate)) as size,
    median(abs(b.rate)) as peer_size,
    sum(a.rate * b.rate) / nullif(sqrt(sum(a.rate * a.rate) * sum(b.rate * b.rate)), 0) as cosine
from bins as a
inner join bins as b
    on b.asset_id = a.asset_id
    and b.bin_at = a.bin_at
    and (b.venue <> a.venue or b.venue_symbol <> a.venue_symbol)
group by a.asset_id, a.week_start, a.venue, a.venue_symbol, b.venue, b.venue_symbol
having count(*) >= {{ least_funding_bins() }}
