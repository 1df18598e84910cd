{{ config(materialized='incremental', meta={'time_column': 'event_at', 'look_back_days': 1}) }}
-- Observations of no instrument of their venue, and those whose dollars are not their coins times the price of their hour: one
-- of the two is in contracts, or thousands.
with observed as (
    select venue, venue_symbol, observed_at, open_interest_base, open_interest_usd
    from {{ recent(ref('stg_open_interest')) }} as observations
),

-- Dollars over coins, against the low–high of the observation's hour; without an own candle, against the asset's reference.
implied as (
    select
        venue,
        venue_symbol,
        observed_at,
        date_trunc('hour', observed_at + interval '1 hour' - interval '1 microsecond') as hour_at,
        open_interest_usd / open_interest_base as price_usd
    from observed
    where open_interest_usd > 0 and open_interest_base > 0
),

priced as (
    select implied.*, candles.low, candles.high
    from implied
    left join {{ recent(ref('core_candles_hourly')) }} as candles
        on candles.market_type = 'perp'
        and candles.venue = implied.venue
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
    inner join {{ ref('core_instruments') }} as instruments
        on instruments.venue = priced.venue
        and instruments.venue_symbol = priced.venue_symbol
        and instruments.market_type = 'perp'
        and priced.observed_at >= instruments.valid_from
        and priced.observed_at < instruments.valid_to
    inner join {{ recent(ref('core_prices_hourly')) }} as prices
        on prices.asset_id = instruments.asset_id
        and prices.price_at in (priced.hour_at, priced.hour_at - interval '1 hour')
        and not prices.is_carried
    where priced.low is null
    group by priced.venue, priced.venue_symbol, priced.observed_at, priced.price_usd
),

ranged as (
    select venue, venue_symbol, observed_at, price_usd, low, high from priced where low is not null
    union all
    select venue, venue_symbol, observed_at, price_usd, low, high from referenced
),

failed as (
    select
        observed.venue,
        observed.venue_symbol,
        observed.observed_at,
        'open_interest_is_of_an_instrument' as rule,
        cast(0 as double) as value,
        cast(1 as double) as bound,
        symbols.reason
    from observed
    inner join {{ ref('int_open_interest_symbols') }} as symbols
        on symbols.venue = observed.venue
        and symbols.venue_symbol = observed.venue_symbol
        and symbols.is_quarantined
    union all
    select
        venue,
        venue_symbol,
        observed_at,
        'open_interest_fits_price' as rule,
        price_usd / case when price_usd > high then high else low end as value,
        cast(
            case when price_usd > high then 1 + {{ open_interest_price_tolerance() }} else 1 - {{ open_interest_price_tolerance() }} end
            as double
        ) as bound,
        'its dollars are ' || round(price_usd / (0.5 * (low + high)), 4) || ' of its coins times the price' as reason
    from ranged
    where price_usd > (1 + {{ open_interest_price_tolerance() }}) * high
        or price_usd < (1 - {{ open_interest_price_tolerance() }}) * low
),

failures as (
    select
        'open_interest' as dataset,
        venue,
        'perp' as market_type,
        venue_symbol as series,
        observed_at as event_at,
        rule,
        value,
        bound,
        reason,
        'row' as refuses
    from failed
)

{{ beside_releases('failures') }}
