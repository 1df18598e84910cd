{{ config(materialized='incremental', meta={'time_column': 'event_at', 'look_back_days': 1}) }}
-- Snapshots of order books whose orders do not cost what the instrument traded at in that hour: quote over base amounts of a band
-- is the average price of its orders, and lies no further off than the band reaches. One row that is off refuses its snapshot.
with costs as (
    select
        venue,
        market_type,
        venue_symbol,
        snapshot_at,
        band_pct,
        date_trunc('hour', snapshot_at) + interval '1 hour' as price_at,
        quote_amount / base_amount as average_price
    from {{ recent(ref('stg_order_book_depth')) }} as books
    where base_amount > 0 and quote_amount is not null
),

traded as (
    select
        venue,
        market_type,
        venue_symbol,
        price_at,
        coalesce(low, close) as low,
        coalesce(high, close) as high
    from {{ recent(ref('core_candles_closed')) }} as candles
),

compared as (
    select
        costs.*,
        costs.average_price / case when costs.average_price > traded.high then traded.high else traded.low end as to_price,
        case when costs.average_price > traded.high then 1 else -1 end * (costs.band_pct / 100 + {{ order_book_price_tolerance() }})
            as reach
    from costs
    inner join traded
        on traded.venue = costs.venue
        and traded.market_type = costs.market_type
        and traded.venue_symbol = costs.venue_symbol
        and traded.price_at = costs.price_at
    where costs.average_price > traded.high or costs.average_price < traded.low
),

off_the_price as (
    select *
    from compared
    where abs(to_price - 1) > abs(reach)
    qualify row_number() over (
        partition by venue, market_type, venue_symbol, snapshot_at
        order by abs(to_price - 1) - abs(reach) desc, band_pct, to_price
    ) = 1
),

failures as (
    select
        'order_book_depth' as dataset,
        venue,
        market_type,
        venue_symbol as series,
        snapshot_at as event_at,
        'order_book_fits_price' as rule,
        to_price as value,
        cast(1 + reach as double) as bound,
        'its orders cost ' || round(to_price, 4) || ' of what the instrument traded at in that hour' as reason,
        'row' as refuses
    from off_the_price
)

{{ beside_releases('failures') }}
