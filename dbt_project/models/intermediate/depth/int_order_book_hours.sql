{{ config(materialized='incremental', meta={'time_column': 'hour_at', 'look_back_days': 1}) }}
-- One row per instrument, hour and band: both sides of the snapshot that is nearest to the full hour, in dollars. Inverse contracts
-- are counted in dollars already and quoted otherwise at each venue: they are not read.
with told as (
    select *, date_trunc('hour', snapshot_at + interval '30 minutes') as hour_at
    from {{ recent(ref('stg_order_book_depth')) }} as books
    where band_pct in {{ depth_bands_pct() }}
),

believed as (
    select told.*
    from told
    left join {{ refused('order_book_depth') | indent(4) }} as refused
        on refused.venue = told.venue
        and refused.market_type = told.market_type
        and refused.series = told.venue_symbol
        and refused.event_at = told.snapshot_at
    where refused.refuses is null
),

nearest as (
    select *
    from believed
    qualify rank() over (
        partition by venue, market_type, venue_symbol, hour_at
        order by abs({{ hours_between('hour_at', 'snapshot_at') }}), snapshot_at
    ) = 1
),

sides as (
    select
        hour_at,
        venue,
        market_type,
        venue_symbol,
        band_pct,
        max(snapshot_at) as snapshot_at,
        max(case when side = 'bid' then quote_amount end) as bid_usd,
        max(case when side = 'ask' then quote_amount end) as ask_usd,
        max(case when side = 'bid' then best_price end) as bid_price,
        max(case when side = 'ask' then best_price end) as ask_price
    from nearest
    group by hour_at, venue, market_type, venue_symbol, band_pct
),

instruments as (
    select *
    from {{ ref('core_instruments') }}
    where quote in {{ dollar_quotes() }} and not is_inverse
)

select
    sides.hour_at,
    sides.venue,
    sides.market_type,
    sides.venue_symbol,
    sides.band_pct,
    instruments.asset_id,
    sides.bid_usd,
    sides.ask_usd,
    20000e0 * (sides.ask_price - sides.bid_price) / (sides.ask_price + sides.bid_price) as spread_bps
from sides
inner join instruments
    on instruments.venue = sides.venue
    and instruments.market_type = sides.market_type
    and instruments.venue_symbol = sides.venue_symbol
    and sides.snapshot_at >= instruments.valid_from
    and sides.snapshot_at < instruments.valid_to
left join {{ ref('duplicate_symbols') }} as duplicates
    on duplicates.week_start = cast(date_trunc('week', sides.hour_at - interval '1 microsecond') as date)
    and duplicates.venue = sides.venue
    and duplicates.market_type = sides.market_type
    and duplicates.venue_symbol = sides.venue_symbol
where duplicates.venue_symbol is null
