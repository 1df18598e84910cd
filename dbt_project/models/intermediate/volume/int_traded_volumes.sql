{{ config(materialized='incremental', meta={'time_column': 'week_start', 'look_back_days': 7}) }}
-- One row per window, venue and asset: what was traded spot and perp in dollars, and in how many instrument-hours.
with window_hours as (
    select week_start, window_id, {{ each_hour("starts_at + interval '1 hour'", 'ends_at') }} as price_at
    from {{ recent(ref('core_windows'), days=0) }} as windows
)

select
    hours.week_start,
    hours.window_id,
    candles.venue,
    instruments.asset_id,
    sum(case when candles.market_type = 'spot' then candles.quote_volume end) as spot_usd,
    sum(case when candles.market_type = 'perp' then candles.quote_volume end) as perp_usd,
    count(candles.quote_volume) as n_hours
from window_hours as hours
inner join {{ recent(ref('core_candles_hourly')) }} as candles
    on candles.price_at = hours.price_at
inner join {{ ref('core_instruments') }} as instruments
    on instruments.venue = candles.venue
    and instruments.market_type = candles.market_type
    and instruments.venue_symbol = candles.venue_symbol
    and candles.price_at - interval '1 hour' >= instruments.valid_from
    and candles.price_at - interval '1 hour' < instruments.valid_to
where instruments.quote in {{ dollar_quotes() }}
group by hours.week_start, hours.window_id, candles.venue, instruments.asset_id
