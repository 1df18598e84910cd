{{ config(materialized='incremental', meta={'time_column': 'price_at', 'look_back_days': 1, 'rebuilt_since': 'run_context'}) }}
-- One row per closed hourly candle, named by its end, before any other row has been asked about it. What the line counts
-- with is core_candles_hourly.
select
    venue,
    market_type,
    venue_symbol,
    open_time + interval '1 hour' as price_at,
    high,
    low,
    close,
    base_volume,
    quote_volume,
    recorded_at,
    load_id
from {{ recent(ref('stg_candles')) }} as candles
where close > 0
    and open_time + interval '1 hour' <= {{ now_at() }}
