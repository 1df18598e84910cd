-- One row per closed hourly candle, named by its end; in the instrument's own units, not yet brought back to one coin.
select
    venue,
    market_type,
    venue_symbol,
    open_time + interval '1 hour' as price_at,
    close,
    quote_volume,
    recorded_at
from {{ ref('stg_candles') }}
where close > 0
    and open_time + interval '1 hour' <= {{ now_at() }}
