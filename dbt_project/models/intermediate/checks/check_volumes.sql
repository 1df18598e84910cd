{{ config(materialized='incremental', meta={'time_column': 'event_at', 'look_back_days': 2}) }}
-- Candles whose volume cannot be true: over the 24 h that a provider counts, one instrument alone turned over far more than
-- the provider saw on all venues together. Contracts were taken for coins, or cents for dollars. The price may be right.
with totals as (
    select asset_id, known_at, max(volume_24h_usd) as volume_24h_usd
    from {{ recent(ref('core_provider_rows')) }} as provided
    where volume_24h_usd > 0
    group by asset_id, known_at
),

instrument_days as (
    select venue, market_type, venue_symbol, date_trunc('day', price_at - interval '1 hour') as day, sum(quote_volume) as quote_volume
    from {{ recent(ref('core_candles_closed')) }} as candles
    group by 1, 2, 3, 4
),

-- A total's 24 h lie in the day that it ends in and the one before.
total_days as (
    select *, date_trunc('day', known_at - interval '1 microsecond') as day from totals
    union all
    select *, date_trunc('day', known_at - interval '1 microsecond') - interval '1 day' as day from totals
),

-- Where both days together are not too much, neither are the 24 h.
doubted as (
    select
        total_days.asset_id,
        total_days.known_at,
        total_days.volume_24h_usd,
        days.venue,
        days.market_type,
        days.venue_symbol,
        total_days.volume_24h_usd
            * case when days.market_type = 'spot' then {{ spot_volume_factor() }} else {{ perp_volume_factor() }} end as most_usd
    from total_days
    inner join {{ ref('core_instruments') }} as instruments
        on instruments.asset_id = total_days.asset_id
        and total_days.known_at > instruments.valid_from
        and total_days.known_at <= instruments.valid_to
        and instruments.quote in {{ dollar_quotes() }}
    inner join instrument_days as days
        on days.venue = instruments.venue
        and days.market_type = instruments.market_type
        and days.venue_symbol = instruments.venue_symbol
        and days.day = total_days.day
    group by total_days.asset_id, total_days.known_at, total_days.volume_24h_usd, days.venue, days.market_type, days.venue_symbol
    having sum(days.quote_volume)
        > total_days.volume_24h_usd
        * case when days.market_type = 'spot' then {{ spot_volume_factor() }} else {{ perp_volume_factor() }} end
),

judged as (
    select
        candles.venue,
        candles.market_type,
        candles.venue_symbol,
        candles.price_at,
        doubted.most_usd,
        sum(candles.quote_volume) over own_day / doubted.volume_24h_usd as multiple,
        sum(candles.quote_volume) over own_day as volume_24h_usd
    from doubted
    inner join {{ recent(ref('core_candles_closed')) }} as candles
        on candles.venue = doubted.venue
        and candles.market_type = doubted.market_type
        and candles.venue_symbol = doubted.venue_symbol
        and candles.price_at > doubted.known_at - interval '24 hours'
        and candles.price_at <= doubted.known_at
    window own_day as (
        partition by doubted.venue, doubted.market_type, doubted.venue_symbol, doubted.asset_id, doubted.known_at
    )
),

failures as (
    select
        'candles' as dataset,
        venue,
        market_type,
        venue_symbol as series,
        price_at as event_at,
        'volume_fits_aggregator' as rule,
        max(multiple) as value,
        cast(case when market_type = 'spot' then {{ spot_volume_factor() }} else {{ perp_volume_factor() }} end as double) as bound,
        'over 24 h this instrument alone turned over ' || max(round(multiple, 1))
            || ' times what the provider saw on all venues' as reason,
        'volume' as refuses
    from judged
    where volume_24h_usd > most_usd
    group by venue, market_type, venue_symbol, price_at
)

{{ beside_releases('failures') }}
