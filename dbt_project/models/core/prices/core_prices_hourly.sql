{{ config(materialized='incremental', meta={'time_column': 'price_at', 'look_back_days': 14}) }}
-- One row per asset and hour of every week for which it has a reference instrument.
-- A week's instrument is chosen from the week before it, and gives the price at the next Monday 00:00 too: 14 days.
with instrument_weeks as (
    select
        cast(date_trunc('week', candles.price_at - interval '1 hour') as date) as week_start,
        candles.venue,
        candles.market_type,
        candles.venue_symbol,
        instruments.asset_id,
        instruments.multiplier,
        instruments.valid_from,
        instruments.valid_to,
        sum(candles.quote_volume) as quote_volume
    from {{ recent(ref('core_candles_hourly')) }} as candles
    inner join {{ ref('core_instruments') }} as instruments
        on instruments.venue = candles.venue
        and instruments.market_type = candles.market_type
        and instruments.venue_symbol = candles.venue_symbol
        and candles.price_at - interval '1 hour' >= instruments.valid_from
        and candles.price_at - interval '1 hour' < instruments.valid_to
    where instruments.quote in {{ dollar_quotes() }}
    group by all
    -- An hour without a trade is no price: a halted market repeats its last close. Where volume is unknown, the hour counts.
    having count(case when coalesce(candles.quote_volume, 1) > 0 then 1 end) >= {{ least_share_of_hours() }} * 168
),

reference as (
    select
        cast(week_start + interval '7 days' as date) as week_start,
        asset_id,
        venue,
        market_type,
        venue_symbol,
        multiplier,
        valid_from,
        valid_to
    from instrument_weeks
    where valid_to > week_start + interval '7 days'
        and week_start + interval '7 days' < {{ now_at() }}
    qualify row_number() over (
        partition by asset_id, instrument_weeks.week_start
        order by
            case when market_type = 'spot' then 0 else 1 end,
            quote_volume desc nulls last,
            venue,
            venue_symbol
    ) = 1
),

used as (
    select distinct venue, market_type, venue_symbol, asset_id, multiplier, valid_from, valid_to
    from reference
),

-- A return is that of the old unit where the coin became another; where that is only suspected, nobody knows it.
closes as (
    select
        used.venue,
        used.market_type,
        used.venue_symbol,
        used.asset_id,
        candles.price_at,
        candles.close / used.multiplier as price_usd,
        {{ log_return(
            'candles.close / used.multiplier', 'candles.price_at',
            ['used.venue', 'used.market_type', 'used.venue_symbol', 'used.asset_id']
        ) }}
        + case
            when changes.changed_at is null then 0e0
            when changes.is_confirmed then ln(changes.units_per_old_unit)
        end as log_return,
        lead(candles.price_at) over (
            partition by used.venue, used.market_type, used.venue_symbol, used.asset_id
            order by candles.price_at
        ) as next_price_at
    from {{ recent(ref('core_candles_hourly')) }} as candles
    inner join used
        on used.venue = candles.venue
        and used.market_type = candles.market_type
        and used.venue_symbol = candles.venue_symbol
        and candles.price_at - interval '1 hour' >= used.valid_from
        and candles.price_at - interval '1 hour' < used.valid_to
    left join {{ recent(ref('core_unit_changes')) }} as changes
        on changes.venue = candles.venue
        and changes.market_type = candles.market_type
        and changes.venue_symbol = candles.venue_symbol
        and changes.changed_at = candles.price_at
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
