{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- One row per instrument, asset and ISO week with candles: how complete it was, and how much was traded.
select
    cast(date_trunc('week', candles.price_at - interval '1 hour') as date) as week_start,
    candles.venue,
    candles.market_type,
    candles.venue_symbol,
    instruments.asset_id,
    instruments.quote,
    instruments.multiplier,
    instruments.valid_from,
    instruments.valid_to,
    count(*) as n_hours,
    sum(candles.quote_volume) as quote_volume
from {{ recent(ref('core_candles_hourly')) }} as candles
inner join {{ ref('core_instruments') }} as instruments
    on instruments.venue = candles.venue
    and instruments.market_type = candles.market_type
    and instruments.venue_symbol = candles.venue_symbol
    and candles.price_at - interval '1 hour' >= instruments.valid_from
    and candles.price_at - interval '1 hour' < instruments.valid_to
group by all
