{{ config(materialized='incremental', meta={'rewritten_by': 'week_start'}) }}
-- One row per window, venue and asset: what was traded spot and perp in dollars, and in how many instrument-hours.
select
    windows.week_start,
    windows.window_id,
    candles.venue,
    instruments.asset_id,
    sum(case when candles.market_type = 'spot' then candles.quote_volume end) as spot_usd,
    sum(case when candles.market_type = 'perp' then candles.quote_volume end) as perp_usd,
    count(candles.quote_volume) as n_hours
from {{ ref('int_windows') }} as windows
inner join {{ ref('int_candles_hourly') }} as candles
    on candles.price_at > windows.starts_at
    and candles.price_at <= windows.ends_at
    and {{ within_reach('candles.price_at', days=7) }}
inner join {{ ref('int_instruments') }} as instruments
    on instruments.venue = candles.venue
    and instruments.market_type = candles.market_type
    and instruments.venue_symbol = candles.venue_symbol
    and candles.price_at - interval '1 hour' >= instruments.valid_from
    and candles.price_at - interval '1 hour' < instruments.valid_to
where instruments.quote in {{ dollar_quotes() }}
    and {{ within_reach('windows.week_start') }}
group by windows.week_start, windows.window_id, candles.venue, instruments.asset_id
