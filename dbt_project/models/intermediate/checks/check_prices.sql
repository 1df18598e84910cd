{{ config(materialized='incremental', meta={'time_column': 'event_at'}) }}
-- Candles whose price cannot be their asset's: at least two other instruments of it agree on another one in that hour.
-- A venue that crashes alone began its hour where the others did, so the whole low–high is compared before the close.
with instruments as (
    select venue, market_type, venue_symbol, asset_id, multiplier, valid_from, valid_to
    from {{ ref('core_instruments') }}
    where quote in {{ dollar_quotes() }}
    qualify count(*) over (partition by asset_id) > {{ least_peers() }}
),

priced as (
    select
        instruments.asset_id,
        candles.venue,
        candles.market_type,
        candles.venue_symbol,
        candles.price_at,
        candles.close / instruments.multiplier as close,
        coalesce(candles.high, candles.close) / instruments.multiplier as high,
        coalesce(candles.low, candles.close) / instruments.multiplier as low
    from {{ recent(ref('core_candles_closed')) }} as candles
    inner join instruments
        on instruments.venue = candles.venue
        and instruments.market_type = candles.market_type
        and instruments.venue_symbol = candles.venue_symbol
        and candles.price_at - interval '1 hour' >= instruments.valid_from
        and candles.price_at - interval '1 hour' < instruments.valid_to
),

-- Only where closes are apart is there anything to judge: a handful of hours.
apart as (
    select asset_id, price_at
    from priced
    group by asset_id, price_at
    having count(*) > {{ least_peers() }}
        and max(close) > (1 + {{ peer_price_tolerance() }}) * min(close)
),

judged as (
    select priced.*
    from priced
    inner join apart on apart.asset_id = priced.asset_id and apart.price_at = priced.price_at
),

beside_peers as (
    select
        judged.venue,
        judged.market_type,
        judged.venue_symbol,
        judged.price_at,
        judged.close,
        judged.high,
        judged.low,
        count(*) as n_peers,
        median(peers.close) as peer_close,
        max(peers.close) as highest_peer_close,
        min(peers.close) as lowest_peer_close,
        max(peers.high) as peer_high,
        min(peers.low) as peer_low
    from judged
    inner join judged as peers
        on peers.asset_id = judged.asset_id
        and peers.price_at = judged.price_at
        and (
            peers.venue <> judged.venue
            or peers.market_type <> judged.market_type
            or peers.venue_symbol <> judged.venue_symbol
        )
    group by
        judged.venue, judged.market_type, judged.venue_symbol, judged.price_at, judged.close, judged.high, judged.low
),

-- The part of the limit that is broken, the whole range before the close.
compared as (
    select
        *,
        case
            when low > (1 + {{ peer_price_tolerance() }}) * peer_high then 'low'
            when high < (1 - {{ peer_price_tolerance() }}) * peer_low then 'high'
            when close > {{ peer_close_factor() }} * peer_close then 'close above'
            when close * {{ peer_close_factor() }} < peer_close then 'close below'
        end as broken
    from beside_peers
    where n_peers >= {{ least_peers() }}
        and highest_peer_close <= (1 + {{ peer_price_tolerance() }}) * lowest_peer_close
),

failures as (
    select
        'candles' as dataset,
        venue,
        market_type,
        venue_symbol as series,
        price_at as event_at,
        'price_fits_peers' as rule,
        case broken when 'low' then low / peer_high when 'high' then high / peer_low else close / peer_close end as value,
        cast(
            case broken
                when 'low' then 1 + {{ peer_price_tolerance() }}
                when 'high' then 1 - {{ peer_price_tolerance() }}
                when 'close above' then {{ peer_close_factor() }}
                else 1e0 / {{ peer_close_factor() }}
            end as double
        ) as bound,
        n_peers || ' other instruments of the asset agree on another price: its close is '
            || round(close / peer_close, 4) || ' of theirs' as reason,
        'row' as refuses
    from compared
    where broken is not null
)

{{ beside_releases('failures') }}
