-- Every closed hourly candle that its peers do not refuse; where they refuse its volume alone, the price stands.
-- A view: the refused rows are few, and the candles would else lie here twice.
{{ config(materialized='view', meta={'time_column': 'price_at'}) }}
select
    candles.venue,
    candles.market_type,
    candles.venue_symbol,
    candles.price_at,
    candles.high,
    candles.low,
    candles.close,
    case when refused.refuses is null then candles.quote_volume end as quote_volume,
    candles.recorded_at
from {{ ref('core_candles_closed') }} as candles
left join {{ refused('candles') }} as refused
    on refused.venue = candles.venue
    and refused.market_type = candles.market_type
    and refused.series = candles.venue_symbol
    and refused.event_at = candles.price_at
where coalesce(refused.refuses, '') <> 'row'
