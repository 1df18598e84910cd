{{ config(materialized='incremental', meta={'time_column': 'day', 'rebuilt_since': 'run_context'}) }}
-- One row per dataset, instrument and day with facts of it: from this, what was seen when is known without all the facts.
with facts as (
    select
        'candles' as dataset, venue, market_type, venue_symbol,
        price_at - interval '1 hour' as seen_from, price_at as seen_to, close
    from {{ recent(ref('core_candles_closed')) }} as candles
    union all
    select
        'funding_rates' as dataset, venue, 'perp' as market_type, venue_symbol,
        settled_at as seen_from, settled_at as seen_to, null as close
    from {{ recent(ref('stg_funding_rates')) }} as rates
    union all
    select
        'open_interest' as dataset, venue, 'perp' as market_type, venue_symbol,
        observed_at as seen_from, observed_at as seen_to, null as close
    from {{ recent(ref('stg_open_interest')) }} as observations
)

select
    dataset,
    venue,
    market_type,
    venue_symbol,
    date_trunc('day', seen_from) as day,
    min(seen_from) as first_seen_at,
    max(seen_to) as last_seen_at,
    count(*) as n_rows,
    min(close) as lowest_close,
    max(close) as highest_close
from facts
group by dataset, venue, market_type, venue_symbol, date_trunc('day', seen_from)
