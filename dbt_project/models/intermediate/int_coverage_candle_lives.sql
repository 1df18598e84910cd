-- When each instrument's candles begin and end, and its venue's: an instrument ended only if its venue went on without it.
with lives as (
    select
        venue,
        market_type,
        venue_symbol,
        first_seen_at as first_open_at,
        last_seen_at as last_close_at,
        min(first_seen_at) over (partition by venue, market_type) as venue_first_open_at,
        max(last_seen_at) over (partition by venue, market_type) as venue_last_close_at
    from {{ ref('int_symbols_seen') }}
    where dataset = 'candles'
)

select
    venue,
    market_type,
    venue_symbol,
    first_open_at,
    last_close_at,
    venue_first_open_at,
    venue_last_close_at,
    -- A day's grace: a symbol that missed only the last hours is late, not gone.
    last_close_at < venue_last_close_at - interval '24 hours' as has_ended
from lives
