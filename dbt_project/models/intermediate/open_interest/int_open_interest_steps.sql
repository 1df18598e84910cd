{{ config(materialized='incremental', meta={'time_column': 'week_start'}) }}
-- A window's open interest in steps of 24 h from its start, per venue and symbol, each step's change split into the four
-- effects. The last step is as long as the window leaves it.
with steps as (
    select
        week_start,
        window_id,
        starts_at,
        ends_at,
        {{ each_step('starts_at', "ends_at - interval '1 hour'", 24) }} as step_starts_at
    from {{ ref('core_windows') }}
    where {{ within_reach('week_start') }}
),

bounded as (
    select
        *,
        least(step_starts_at + interval '24 hours', ends_at) as step_ends_at
    from steps
),

at_start as (
    select s.week_start, s.window_id, s.step_starts_at, s.step_ends_at, o.*
    from bounded s
    inner join {{ ref('int_open_interest_hourly') }} o on s.step_starts_at = o.valued_at
    where {{ within_reach('o.valued_at', days=4) }}
),

at_end as (
    select s.week_start, s.window_id, s.step_starts_at, s.step_ends_at, o.*
    from bounded s
    inner join {{ ref('int_open_interest_hourly') }} o on s.step_ends_at = o.valued_at
    where {{ within_reach('o.valued_at', days=4) }}
),

both_ends as (
    select
        coalesce(a.week_start, b.week_start) as week_start,
        coalesce(a.window_id, b.window_id) as window_id,
        coalesce(a.step_starts_at, b.step_starts_at) as step_starts_at,
        coalesce(a.step_ends_at, b.step_ends_at) as step_ends_at,
        coalesce(a.venue, b.venue) as venue,
        coalesce(a.venue_symbol, b.venue_symbol) as venue_symbol,
        coalesce(a.asset_id, b.asset_id) as asset_id,
        coalesce(a.is_inverse, b.is_inverse) as is_inverse,
        a.open_interest_usd as start_usd,
        b.open_interest_usd as end_usd,
        a.price_usd as start_price_usd,
        b.price_usd as end_price_usd,
        a.open_interest_base as start_base,
        b.open_interest_base as end_base
    from at_start a
    full join at_end b
        on a.week_start = b.week_start
        and a.window_id = b.window_id
        and a.step_starts_at = b.step_starts_at
        and a.venue = b.venue
        and a.venue_symbol = b.venue_symbol
),

-- Listed or delisted: the symbol's own candles begin or end inside the step while its venue's go on.
classified as (
    select
        s.*,
        case
            when s.start_usd is not null and s.end_usd is not null and s.is_inverse then 'fixed_dollars'
            when s.start_usd is not null and s.end_usd is not null
                and s.start_price_usd is not null and s.end_price_usd is not null then 'both_ends'
            when s.start_usd is not null and s.end_usd is not null then 'no_price'
            when s.start_usd is null
                and l.first_open_at between s.step_starts_at and s.step_ends_at
                and l.first_open_at > l.venue_first_open_at then 'listed'
            when s.end_usd is null
                and l.last_close_at between s.step_starts_at and s.step_ends_at
                and l.last_close_at < l.venue_last_close_at
                and l.venue_last_close_at >= s.step_ends_at then 'delisted'
            else 'unseen'
        end as step_kind
    from both_ends s
    left join {{ ref('int_candle_lives') }} l
        on s.venue = l.venue and s.venue_symbol = l.venue_symbol and l.market_type = 'perp'
        and s.week_start = l.week_start
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
        when step_kind in ('no_price', 'unseen') then coalesce(end_usd, 0) - coalesce(start_usd, 0) else 0
    end as coverage_effect_usd
from classified
