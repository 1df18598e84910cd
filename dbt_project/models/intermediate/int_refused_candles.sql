-- One row per candle that others refuse: all of it, or its volume alone. The first rule wins.
with verdicts as (
    select venue, market_type, venue_symbol, event_at as price_at, rule, reason, 'row' as refuses, 1 as precedence
    from {{ ref('int_refused_twins') }}
    where dataset = 'candles'
    union all
    select venue, market_type, venue_symbol, price_at, rule, reason, 'row' as refuses, 2 as precedence
    from {{ ref('int_refused_prices') }}
    union all
    select venue, market_type, venue_symbol, price_at, rule, reason, 'volume' as refuses, 3 as precedence
    from {{ ref('int_refused_volumes') }}
)

select venue, market_type, venue_symbol, price_at, rule, reason, refuses
from verdicts
qualify row_number() over (partition by venue, market_type, venue_symbol, price_at order by precedence) = 1
