with weeks as (
    select week_start, starts_at, ends_at
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

-- What a venue publishes of itself and answered for. A listing without a date counts for every week.
published as (
    select distinct
        weeks.week_start,
        instruments.venue,
        instruments.asset_id,
        publishers.publishes,
        answers.answered_hours
    from weeks
    inner join {{ ref('int_liquidation_answers') }} as answers on answers.week_start = weeks.week_start
    inner join {{ ref('liquidation_publishers') }} as publishers
        on publishers.venue = answers.venue
        and publishers.publishes <> 'none'
    inner join {{ ref('core_instruments') }} as instruments
        on instruments.venue = answers.venue
        and instruments.market_type = 'perp'
        and instruments.is_listed
        and instruments.valid_from < weeks.ends_at
        and instruments.valid_to > weeks.starts_at
        and coalesce(instruments.listed_at, weeks.starts_at) < weeks.ends_at
    left join {{ ref('int_liquidation_weeks') }} as sums
        on sums.week_start = weeks.week_start
        and sums.venue = instruments.venue
        and sums.asset_id = instruments.asset_id
    where instruments.is_active or sums.venue is not null
),

-- Where an asset's leverage stood in the week: what is published must be held against all of it.
traded as (
    select distinct
        cast(date_trunc('week', market_date) as date) as week_start,
        venue,
        asset_id
    from {{ ref('open_interest_daily') }}
),

markets as (
    select
        coalesce(traded.week_start, published.week_start) as week_start,
        coalesce(traded.venue, published.venue) as venue,
        coalesce(traded.asset_id, published.asset_id) as asset_id,
        published.venue is not null as is_published,
        coalesce(published.publishes = 'all' and published.answered_hours = 168, false) as is_complete,
        published.answered_hours
    from traded
    full outer join published
        on published.week_start = traded.week_start
        and published.venue = traded.venue
        and published.asset_id = traded.asset_id
),

with_sums as (
    select
        markets.*,
        case when markets.is_published then coalesce(sums.long_usd, 0) end as long_usd,
        case when markets.is_published then coalesce(sums.short_usd, 0) end as short_usd
    from markets
    inner join weeks on weeks.week_start = markets.week_start
    left join {{ ref('int_liquidation_weeks') }} as sums
        on sums.week_start = markets.week_start
        and sums.venue = markets.venue
        and sums.asset_id = markets.asset_id
),

by_asset as (
    select week_start, asset_id, venue, is_published, is_complete, answered_hours, long_usd, short_usd
    from with_sums
    union all
    select week_start, 'ALL' as asset_id, venue, is_published, is_complete, answered_hours, long_usd, short_usd
    from with_sums
),

summed as (
    select
        week_start,
        asset_id,
        sum(long_usd) as long_usd,
        sum(short_usd) as short_usd,
        count(distinct venue) filter (where is_published) as n_venues,
        count(distinct venue) as n_venues_trading,
        bool_and(is_complete) as is_complete,
        100 * avg(answered_hours) filter (where is_published) / 168 as answered_pct
    from by_asset
    group by week_start, asset_id
),

open_interest as (
    select
        cast(market_date + interval '1 day' as date) as week_start,
        asset_id,
        open_interest_usd
    from {{ ref('open_interest_daily') }}
),

at_start as (
    select week_start, asset_id, sum(open_interest_usd) as open_interest_usd
    from (
        select week_start, asset_id, open_interest_usd from open_interest
        union all
        select week_start, 'ALL' as asset_id, open_interest_usd from open_interest
    ) as levels
    group by week_start, asset_id
)

select
    coalesce(summed.week_start, weeks.week_start) as week_start,
    coalesce(summed.asset_id, 'ALL') as asset_id,
    summed.long_usd,
    summed.short_usd,
    at_start.open_interest_usd,
    100 * (summed.long_usd + summed.short_usd) / nullif(at_start.open_interest_usd, 0) as to_open_interest_pct,
    coalesce(summed.n_venues, 0) as n_venues,
    coalesce(summed.n_venues_trading, 0) as n_venues_trading,
    summed.answered_pct,
    case
        when coalesce(summed.n_venues, 0) = 0 then 'unavailable'
        when summed.is_complete then 'complete'
        else 'partial'
    end as status
from weeks
left join summed on summed.week_start = weeks.week_start
left join at_start
    on at_start.week_start = summed.week_start
    and at_start.asset_id = summed.asset_id
