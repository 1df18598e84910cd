{{ config(materialized='incremental', meta={'time_column': 'day', 'rebuilt_since': 'int_run'}) }}
-- One row per dataset, instrument and day with facts of it: from this, what was seen when is known without all the facts.
with facts as (
    select
        'candles' as dataset, venue, market_type, venue_symbol,
        price_at - interval '1 hour' as seen_from, price_at as seen_to, close
    from {{ ref('int_candles_closed') }}
    where {{ within_reach('price_at', since='int_run') }}
    union all
    select
        'funding_rates' as dataset, venue, 'perp' as market_type, venue_symbol,
        settled_at as seen_from, settled_at as seen_to, null as close
    from {{ ref('stg_funding_rates') }}
    where {{ within_reach('settled_at', since='int_run') }}
    union all
    select
        'open_interest' as dataset, venue, 'perp' as market_type, venue_symbol,
        observed_at as seen_from, observed_at as seen_to, null as close
    from {{ ref('stg_open_interest') }}
    where {{ within_reach('observed_at', since='int_run') }}
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
