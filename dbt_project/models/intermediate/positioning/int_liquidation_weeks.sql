-- One row per closed week, venue and asset whose liquidations the venue publishes and answered for: what was closed by force in its
-- linear perpetuals quoted in dollars, and for how much of the week that is known.
with weeks as (
    select week_start, starts_at, ends_at
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

instruments as (
    select * from {{ ref('core_instruments') }} where market_type = 'perp'
),

answers as (
    select * from {{ ref('stg_liquidation_answers') }}
),

hours as (
    select week_start, {{ each_hour('starts_at', "ends_at - interval '1 hour'") }} as hour_from
    from weeks
    where ends_at > (select min(answered_from) from answers)
),

-- Hours that lie whole in a stretch that the venue was asked for.
answered as (
    select hours.week_start, answers.venue, count(distinct hours.hour_from) as answered_hours
    from hours
    inner join answers
        on answers.answered_from <= hours.hour_from
        and answers.answered_to >= hours.hour_from + interval '1 hour'
    group by hours.week_start, answers.venue
),

identified as (
    select
        weeks.week_start,
        liquidations.venue,
        instruments.asset_id,
        liquidations.side,
        {{ liquidation_usd('liquidations.price', 'liquidations.quantity') }} as usd
    from {{ ref('stg_liquidations') }} as liquidations
    inner join weeks
        on liquidations.liquidated_at > weeks.starts_at
        and liquidations.liquidated_at <= weeks.ends_at
    inner join instruments
        on instruments.venue = liquidations.venue
        and instruments.venue_symbol = liquidations.venue_symbol
        and liquidations.liquidated_at >= instruments.valid_from
        and liquidations.liquidated_at < instruments.valid_to
    left join {{ ref('duplicate_symbols') }} as duplicates
        on duplicates.week_start = weeks.week_start
        and duplicates.venue = liquidations.venue
        and duplicates.market_type = 'perp'
        and duplicates.venue_symbol = liquidations.venue_symbol
    where instruments.quote in {{ dollar_quotes() }}
        and duplicates.venue_symbol is null
        and not instruments.is_inverse
),

sums as (
    select
        week_start,
        venue,
        asset_id,
        sum(usd) filter (where side = 'long') as long_usd,
        sum(usd) filter (where side = 'short') as short_usd
    from identified
    group by week_start, venue, asset_id
),

-- What a venue publishes of itself and answered for. A listing without a date counts for every week.
published as (
    select distinct
        weeks.week_start,
        instruments.venue,
        instruments.asset_id,
        publishers.publishes,
        answered.answered_hours
    from weeks
    inner join answered on answered.week_start = weeks.week_start
    inner join {{ ref('liquidation_publishers') }} as publishers
        on publishers.venue = answered.venue
        and publishers.publishes <> 'none'
    inner join instruments
        on instruments.venue = answered.venue
        and instruments.is_listed
        and instruments.valid_from < weeks.ends_at
        and instruments.valid_to > weeks.starts_at
        and coalesce(instruments.listed_at, weeks.starts_at) < weeks.ends_at
    left join sums
        on sums.week_start = weeks.week_start
        and sums.venue = instruments.venue
        and sums.asset_id = instruments.asset_id
    where instruments.is_active or sums.venue is not null
)

select
    published.week_start,
    published.venue,
    published.asset_id,
    published.answered_hours,
    published.publishes = 'all' and published.answered_hours = 168 as is_complete,
    coalesce(sums.long_usd, 0) as long_usd,
    coalesce(sums.short_usd, 0) as short_usd
from published
left join sums
    on sums.week_start = published.week_start
    and sums.venue = published.venue
    and sums.asset_id = published.asset_id
