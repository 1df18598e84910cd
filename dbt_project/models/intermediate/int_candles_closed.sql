{{ config(materialized='incremental', meta={'time_column': 'price_at', 'rebuilt_since': 'int_run'}) }}
-- One row per closed hourly candle, named by its end, before any other row has been asked about it. What the line counts
-- with is int_candles_hourly.
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
from {{ ref('stg_candles') }}
where {{ within_reach('open_time', days=1, since='int_run') }}
    and close > 0
    and open_time + interval '1 hour' <= {{ now_at() }}
