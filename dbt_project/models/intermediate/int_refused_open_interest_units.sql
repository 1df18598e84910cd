{{ config(materialized='incremental', meta={'time_column': 'observed_at'}) }}
-- Observations whose dollars are not their coins times the price of their hour: one of the two is in contracts, or thousands.
with own_candles as (
    select candles.*
    from {{ ref('int_candles_closed') }} as candles
    left join {{ ref('int_refused_candles') }} as refused
        on refused.venue = candles.venue
        and refused.market_type = candles.market_type
        and refused.venue_symbol = candles.venue_symbol
        and refused.price_at = candles.price_at
        and refused.refuses = 'row'
    where candles.market_type = 'perp' and refused.venue is null and {{ within_reach('candles.price_at') }}
),

-- Dollars over coins, against the low–high of the observation's hour; without an own candle, against the asset's reference.
implied as (
    select
        venue,
        venue_symbol,
        observed_at,
        date_trunc('hour', observed_at + interval '1 hour' - interval '1 microsecond') as hour_at,
        open_interest_usd / open_interest_base as price_usd
    from {{ ref('stg_open_interest') }}
    where open_interest_usd > 0 and open_interest_base > 0 and {{ within_reach('observed_at') }}
),

priced as (
    select implied.*, candles.low, candles.high
    from implied
    left join own_candles as candles
        on candles.venue = implied.venue
        and candles.venue_symbol = implied.venue_symbol
        and candles.price_at = implied.hour_at
),

referenced as (
    select
        priced.venue,
        priced.venue_symbol,
        priced.observed_at,
        priced.price_usd,
        min(prices.reference_price_usd * instruments.multiplier) as low,
        max(prices.reference_price_usd * instruments.multiplier) as high
    from priced
    inner join {{ ref('int_instruments') }} as instruments
        on instruments.venue = priced.venue
        and instruments.venue_symbol = priced.venue_symbol
        and instruments.market_type = 'perp'
        and priced.observed_at >= instruments.valid_from
        and priced.observed_at < instruments.valid_to
    inner join {{ ref('prices_hourly') }} as prices
        on prices.asset_id = instruments.asset_id
        and prices.price_at in (priced.hour_at, priced.hour_at - interval '1 hour')
    where priced.low is null and {{ within_reach('prices.price_at', days=1) }}
    group by priced.venue, priced.venue_symbol, priced.observed_at, priced.price_usd
)

select
    venue,
    venue_symbol,
    observed_at,
    'open_interest_fits_price' as rule,
    'its dollars are ' || round(price_usd / (0.5 * (low + high)), 4) || ' of its coins times the price' as reason
from (
    select venue, venue_symbol, observed_at, price_usd, low, high from priced where low is not null
    union all
    select venue, venue_symbol, observed_at, price_usd, low, high from referenced
) as judged
where price_usd > (1 + {{ open_interest_price_tolerance() }}) * high
    or price_usd < (1 - {{ open_interest_price_tolerance() }}) * low
