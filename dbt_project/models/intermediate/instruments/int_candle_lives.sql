-- When each instrument's candles begin and end, and its venue's, as seen from the end of each week: what comes later must not
-- change what a week was. An instrument ended only if its venue went on without it.
with weeks_traded as (
    select
        date_trunc('week', day) as week_start,
        venue,
        market_type,
        venue_symbol,
        min(first_seen_at) as first_open_at,
        max(last_seen_at) as last_close_at
    from {{ ref('core_symbol_days') }}
    where dataset = 'candles'
    group by date_trunc('week', day), venue, market_type, venue_symbol
),

instruments as (
    select venue, market_type, venue_symbol, min(week_start) as first_week, min(first_open_at) as first_open_at
    from weeks_traded
    group by venue, market_type, venue_symbol
),

weeks as (
    select distinct week_start from weeks_traded
),

lives as (
    select
        weeks.week_start,
        instruments.venue,
        instruments.market_type,
        instruments.venue_symbol,
        instruments.first_open_at,
        max(weeks_traded.last_close_at) over (
            partition by instruments.venue, instruments.market_type, instruments.venue_symbol
            order by weeks.week_start
        ) as last_close_at
    from instruments
    inner join weeks on weeks.week_start >= instruments.first_week
    left join weeks_traded
        on weeks_traded.week_start = weeks.week_start
        and weeks_traded.venue = instruments.venue
        and weeks_traded.market_type = instruments.market_type
        and weeks_traded.venue_symbol = instruments.venue_symbol
),

beside_venue as (
    select
        *,
        min(first_open_at) over (partition by week_start, venue, market_type) as venue_first_open_at,
        max(last_close_at) over (partition by week_start, venue, market_type) as venue_last_close_at
    from lives
)

select
    cast(week_start as date) as week_start,
    venue,
    market_type,
    venue_symbol,
    first_open_at,
    last_close_at,
    venue_first_open_at,
    venue_last_close_at,
    -- A day's grace: a symbol that missed only the last hours is late, not gone.
    last_close_at < venue_last_close_at - interval '24 hours' as has_ended
from beside_venue
