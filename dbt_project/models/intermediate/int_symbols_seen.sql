-- One row per instrument and dataset that has facts of it: when it was first and last seen there.
with facts as (
    select 'candles' as dataset, venue, market_type, venue_symbol, price_at - interval '1 hour' as seen_from, price_at as seen_to
    from {{ ref('int_candles_hourly') }}
    union all
    select 'funding_rates' as dataset, venue, 'perp' as market_type, venue_symbol, settled_at as seen_from, settled_at as seen_to
    from {{ ref('stg_funding_rates') }}
    union all
    select 'open_interest' as dataset, venue, 'perp' as market_type, venue_symbol, observed_at as seen_from, observed_at as seen_to
    from {{ ref('stg_open_interest') }}
)

select
    dataset,
    venue,
    market_type,
    venue_symbol,
    min(seen_from) as first_seen_at,
    max(seen_to) as last_seen_at,
    count(*) as n_rows
from facts
group by dataset, venue, market_type, venue_symbol
