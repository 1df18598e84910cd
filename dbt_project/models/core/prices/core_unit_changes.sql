{{ config(materialized='incremental', meta={'time_column': 'changed_at', 'look_back_days': 8}) }}
-- One row per instrument and hour in which the coin that it quotes became another unit of the same value: redenominated, swapped
-- or split under its own symbol. What tells it comes within a week of the jump, which is within what every build rewrites.
with candles as (
    {{ unrefused_candles(recent(ref('core_candles_closed'))) }}
),

instruments as (
    select * from {{ ref('core_instruments') }}
    where quote in {{ dollar_quotes() }}
),

observations as (
    select * from {{ recent(ref('stg_open_interest')) }} as observations
    where open_interest_usd > 0
),

supplies as (
    select *
    from {{ recent(ref('core_provider_rows'), days=supply_age_limit_days() | int + 8) }} as supplies
    where circulating_supply > 0
),

hours as (
    select
        venue,
        market_type,
        venue_symbol,
        price_at,
        close,
        lag(close) over (partition by venue, market_type, venue_symbol order by price_at) as close_before,
        lag(price_at) over (partition by venue, market_type, venue_symbol order by price_at) as price_at_before
    from candles
),

jumps as (
    select
        hours.venue,
        hours.market_type,
        hours.venue_symbol,
        instruments.asset_id,
        hours.price_at,
        hours.price_at_before,
        hours.close / hours.close_before as ratio,
        power(10e0, -round(log10(hours.close / hours.close_before))) as power_of_ten
    from hours
    inner join instruments
        on instruments.venue = hours.venue
        and instruments.market_type = hours.market_type
        and instruments.venue_symbol = hours.venue_symbol
        and hours.price_at - interval '1 hour' >= instruments.valid_from
        and hours.price_at_before - interval '1 hour' >= instruments.valid_from
        and hours.price_at - interval '1 hour' < instruments.valid_to
    where hours.price_at_before >= hours.price_at - interval '{{ unit_change_evidence_days() }} days'
        and abs(ln(hours.close / hours.close_before)) > ln({{ least_unit_jump_factor() }})
),

-- Dollars held in the asset's perpetuals around the jump: each symbol's last before it and first after it, within a day.
symbol_dollars as (
    select
        jumps.venue,
        jumps.market_type,
        jumps.venue_symbol,
        jumps.price_at,
        max_by(observations.open_interest_usd, observations.observed_at)
            filter (where observations.observed_at <= jumps.price_at_before) as usd_before,
        min_by(observations.open_interest_usd, observations.observed_at)
            filter (where observations.observed_at >= jumps.price_at) as usd_after
    from jumps
    inner join instruments as perpetuals
        on perpetuals.asset_id = jumps.asset_id
        and perpetuals.market_type = 'perp'
    inner join observations
        on observations.venue = perpetuals.venue
        and observations.venue_symbol = perpetuals.venue_symbol
        and observations.observed_at >= jumps.price_at_before - interval '24 hours'
        and observations.observed_at <= jumps.price_at + interval '24 hours'
    group by jumps.venue, jumps.market_type, jumps.venue_symbol, jumps.price_at, observations.venue, observations.venue_symbol
),

dollars as (
    select venue, market_type, venue_symbol, price_at, sum(usd_after) / sum(usd_before) as dollars_ratio
    from symbol_dollars
    where usd_before is not null and usd_after is not null
    group by venue, market_type, venue_symbol, price_at
),

supply_rows as (
    select
        jumps.venue,
        jumps.market_type,
        jumps.venue_symbol,
        jumps.price_at,
        max_by(supplies.circulating_supply, supplies.known_at)
            filter (where supplies.known_at < jumps.price_at) as supply_before,
        min_by(supplies.circulating_supply, supplies.known_at)
            filter (where supplies.known_at >= jumps.price_at) as supply_after
    from jumps
    inner join supplies
        on supplies.asset_id = jumps.asset_id
        and supplies.known_at >= jumps.price_at - interval '{{ supply_age_limit_days() }} days'
        and supplies.known_at <= jumps.price_at + interval '{{ unit_change_evidence_days() }} days'
    group by jumps.venue, jumps.market_type, jumps.venue_symbol, jumps.price_at
),

evidence as (
    select
        jumps.*,
        dollars.dollars_ratio,
        supply_rows.supply_after / supply_rows.supply_before as supply_ratio
    from jumps
    left join dollars
        on dollars.venue = jumps.venue
        and dollars.market_type = jumps.market_type
        and dollars.venue_symbol = jumps.venue_symbol
        and dollars.price_at = jumps.price_at
    left join supply_rows
        on supply_rows.venue = jumps.venue
        and supply_rows.market_type = jumps.market_type
        and supply_rows.venue_symbol = jumps.venue_symbol
        and supply_rows.price_at = jumps.price_at
),

-- By a power of ten, or by what the supply repeats inversely.
measured as (
    select
        *,
        case
            when power_of_ten <> 1 and {{ is_near('ratio * power_of_ten', unit_change_tolerance()) }} then power_of_ten
            when abs(ln(supply_ratio)) > ln({{ least_split_factor() }}) and {{ is_near('ratio * supply_ratio', unit_change_tolerance()) }}
                then supply_ratio
        end as units_per_old_unit,
        {{ is_near('dollars_ratio', unit_change_evidence_tolerance()) }} as is_told_by_open_interest,
        {{ is_near('ratio * supply_ratio', unit_change_evidence_tolerance()) }} as is_told_by_supply
    from evidence
)

select
    venue,
    market_type,
    venue_symbol,
    asset_id,
    price_at as changed_at,
    units_per_old_unit,
    -- One says yes and none says no; where both speak and differ, nobody knows.
    coalesce(is_told_by_open_interest, is_told_by_supply, false)
        and coalesce(is_told_by_supply, is_told_by_open_interest, false) as is_confirmed
from measured
where units_per_old_unit is not null
    and (
        coalesce(is_told_by_open_interest, is_told_by_supply) is null
        or coalesce(is_told_by_open_interest, false)
        or coalesce(is_told_by_supply, false)
    )
