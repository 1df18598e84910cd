{{ config(materialized='incremental', meta={'time_column': 'week_start', 'look_back_days': 4}) }}
-- A window's open interest in steps of 24 h from its start, per venue and symbol, each step's change split into the four
-- effects. The last step is as long as the window leaves it.
with steps as (
    select
        week_start,
        window_id,
        starts_at,
        ends_at,
        {{ each_step('starts_at', "ends_at - interval '1 hour'", 24) }} as step_starts_at
    from {{ recent(ref('core_windows')) }} as windows
),

bounded as (
    select
        *,
        least(step_starts_at + interval '24 hours', ends_at) as step_ends_at
    from steps
),

hourly as (
    select * from {{ recent(ref('int_open_interest_hourly')) }} as hourly
),

at_start as (
    select bounded.week_start, bounded.window_id, bounded.step_starts_at, bounded.step_ends_at, hourly.*
    from bounded
    inner join hourly on hourly.valued_at = bounded.step_starts_at
),

at_end as (
    select bounded.week_start, bounded.window_id, bounded.step_starts_at, bounded.step_ends_at, hourly.*
    from bounded
    inner join hourly on hourly.valued_at = bounded.step_ends_at
),

both_ends as (
    select
        coalesce(at_start.week_start, at_end.week_start) as week_start,
        coalesce(at_start.window_id, at_end.window_id) as window_id,
        coalesce(at_start.step_starts_at, at_end.step_starts_at) as step_starts_at,
        coalesce(at_start.step_ends_at, at_end.step_ends_at) as step_ends_at,
        coalesce(at_start.venue, at_end.venue) as venue,
        coalesce(at_start.venue_symbol, at_end.venue_symbol) as venue_symbol,
        coalesce(at_start.asset_id, at_end.asset_id) as asset_id,
        coalesce(at_start.is_inverse, at_end.is_inverse) as is_inverse,
        at_start.open_interest_usd as start_usd,
        at_end.open_interest_usd as end_usd,
        at_start.price_usd as start_price_usd,
        at_end.price_usd as end_price_usd,
        at_start.open_interest_base as start_base,
        at_end.open_interest_base as end_base
    from at_start
    full join at_end
        on at_end.week_start = at_start.week_start
        and at_end.window_id = at_start.window_id
        and at_end.step_starts_at = at_start.step_starts_at
        and at_end.venue = at_start.venue
        and at_end.venue_symbol = at_start.venue_symbol
),

-- Where an asset became another unit inside a step, its start is told in the new one.
unit_changes as (
    select distinct asset_id, changed_at, units_per_old_unit, is_confirmed
    from {{ recent(ref('core_unit_changes')) }} as changes
),

across_changes as (
    select
        both_ends.step_starts_at,
        both_ends.step_ends_at,
        both_ends.venue,
        both_ends.venue_symbol,
        max(changes.units_per_old_unit) as units_per_old_unit,
        min(case when changes.is_confirmed then 1 else 0 end) = 1 as is_confirmed
    from both_ends
    inner join unit_changes as changes
        on changes.asset_id = both_ends.asset_id
        and changes.changed_at > both_ends.step_starts_at - interval '8 hours'
        and changes.changed_at <= both_ends.step_ends_at + interval '1 hour'
        and {{ is_across_unit_change('both_ends.start_price_usd', 'both_ends.end_price_usd', 'changes.units_per_old_unit') }}
    group by both_ends.step_starts_at, both_ends.step_ends_at, both_ends.venue, both_ends.venue_symbol
),

in_one_unit as (
    select
        both_ends.week_start,
        both_ends.window_id,
        both_ends.step_starts_at,
        both_ends.step_ends_at,
        both_ends.venue,
        both_ends.venue_symbol,
        both_ends.asset_id,
        both_ends.is_inverse,
        both_ends.start_usd,
        both_ends.end_usd,
        both_ends.start_price_usd / coalesce(across_changes.units_per_old_unit, 1) as start_price_usd,
        both_ends.end_price_usd,
        both_ends.start_base * coalesce(across_changes.units_per_old_unit, 1) as start_base,
        both_ends.end_base,
        coalesce(across_changes.is_confirmed, true) as is_unit_known
    from both_ends
    left join across_changes
        on across_changes.step_starts_at = both_ends.step_starts_at
        and across_changes.step_ends_at = both_ends.step_ends_at
        and across_changes.venue = both_ends.venue
        and across_changes.venue_symbol = both_ends.venue_symbol
),

-- Listed or delisted: the symbol's own candles begin or end inside the step while its venue's go on.
classified as (
    select
        in_one_unit.*,
        case
            when start_usd is not null and end_usd is not null and is_inverse then 'fixed_dollars'
            when start_usd is not null and end_usd is not null and not is_unit_known then 'unit_unknown'
            when start_usd is not null and end_usd is not null
                and start_price_usd is not null and end_price_usd is not null then 'both_ends'
            when start_usd is not null and end_usd is not null then 'no_price'
            when start_usd is null
                and lives.first_open_at between step_starts_at and step_ends_at
                and lives.first_open_at > lives.venue_first_open_at then 'listed'
            when end_usd is null
                and lives.last_close_at between step_starts_at and step_ends_at
                and lives.last_close_at < lives.venue_last_close_at
                and lives.venue_last_close_at >= step_ends_at then 'delisted'
            else 'unseen'
        end as step_kind
    from in_one_unit
    left join {{ ref('int_candle_lives') }} as lives
        on lives.venue = in_one_unit.venue
        and lives.venue_symbol = in_one_unit.venue_symbol
        and lives.market_type = 'perp'
        and lives.week_start = in_one_unit.week_start
)

select
    week_start,
    window_id,
    step_starts_at,
    step_ends_at,
    venue,
    venue_symbol,
    asset_id,
    step_kind,
    coalesce(start_usd, 0) as start_usd,
    coalesce(end_usd, 0) as end_usd,
    case
        when step_kind = 'both_ends'
            then {{ price_effect('start_price_usd', 'start_base', 'end_price_usd', 'end_base') }}
        else 0
    end as price_effect_usd,
    case
        when step_kind = 'both_ends'
            then {{ position_effect('start_price_usd', 'start_base', 'end_price_usd', 'end_base') }}
        when step_kind = 'fixed_dollars' then end_usd - start_usd
        else 0
    end as position_effect_usd,
    case
        when step_kind in ('listed', 'delisted') then coalesce(end_usd, 0) - coalesce(start_usd, 0) else 0
    end as listing_effect_usd,
    case
        when step_kind in ('no_price', 'unit_unknown', 'unseen') then coalesce(end_usd, 0) - coalesce(start_usd, 0) else 0
    end as coverage_effect_usd
from classified
