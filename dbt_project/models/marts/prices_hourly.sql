{{ config(materialized='incremental', meta={'time_column': 'price_at'}) }}
-- One row per asset and hour of every week for which it has a reference instrument.
with reference as (
    -- The price at a Monday 00:00 is the old week's instrument's.
    select * from {{ ref('int_reference_instruments') }} where {{ within_reach('week_start', days=7) }}
),

used as (
    select distinct venue, market_type, venue_symbol, asset_id, multiplier, valid_from, valid_to
    from reference
),

closes as (
    select
        used.venue,
        used.market_type,
        used.venue_symbol,
        used.asset_id,
        candles.price_at,
        candles.close / used.multiplier as price_usd,
        {{ log_return('candles.close / used.multiplier', 'candles.price_at', ['used.venue', 'used.market_type', 'used.venue_symbol', 'used.asset_id']) }} as log_return,
        lead(candles.price_at) over (
            partition by used.venue, used.market_type, used.venue_symbol, used.asset_id
            order by candles.price_at
        ) as next_price_at
    from {{ ref('int_candles_hourly') }} as candles
    inner join used
        on used.venue = candles.venue
        and used.market_type = candles.market_type
        and used.venue_symbol = candles.venue_symbol
        and candles.price_at - interval '1 hour' >= used.valid_from
        and candles.price_at - interval '1 hour' < used.valid_to
    -- A reference has 90 % of the hours of the 7 days before its week: its last price is not older than a day then.
    where {{ within_reach('candles.price_at', days=8) }}
),

-- A missing hour takes the last candle's price and moves nothing; the first hour after the hole carries the whole move.
filled as (
    select venue, market_type, venue_symbol, asset_id, price_at, price_usd, log_return, false as is_carried
    from closes
    {% for hours in range(1, carry_hours() | int + 1) %}
    union all
    select
        venue, market_type, venue_symbol, asset_id,
        price_at + interval '{{ hours }} hours' as price_at, price_usd, 0e0 as log_return, true as is_carried
    from closes
    where next_price_at is null or next_price_at > price_at + interval '{{ hours }} hours'
    {% endfor %}
),

hours_of_week as (
    {{ timestamps_from_to('offset_at', "timestamp '1970-01-01 01:00:00'", "timestamp '1970-01-08 00:00:00'", '1 hour') }}
),

hours as (
    select
        weeks.week_start,
        cast(weeks.week_start as timestamp) + (hours_of_week.offset_at - timestamp '1970-01-01 00:00:00') as price_at
    from (select distinct week_start from reference) as weeks
    cross join hours_of_week
)

select
    reference.asset_id,
    hours.price_at,
    filled.price_usd as reference_price_usd,
    filled.log_return,
    reference.venue,
    reference.market_type,
    reference.venue_symbol,
    coalesce(filled.is_carried, false) as is_carried
from reference
inner join hours on hours.week_start = reference.week_start
left join filled
    on filled.venue = reference.venue
    and filled.market_type = reference.market_type
    and filled.venue_symbol = reference.venue_symbol
    and filled.asset_id = reference.asset_id
    and filled.price_at = hours.price_at
where hours.price_at <= {{ now_at() }}
    and {{ within_reach('hours.price_at') }}
