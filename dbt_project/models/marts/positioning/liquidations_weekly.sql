with weeks as (
    select week_start
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

published as (
    select * from {{ ref('int_liquidation_weeks') }}
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
        coalesce(published.is_complete, false) as is_complete,
        published.answered_hours,
        published.long_usd,
        published.short_usd
    from traded
    full outer join published
        on published.week_start = traded.week_start
        and published.venue = traded.venue
        and published.asset_id = traded.asset_id
),

of_closed_weeks as (
    select markets.*
    from markets
    inner join weeks on weeks.week_start = markets.week_start
),

by_asset as (
    select week_start, asset_id, venue, is_published, is_complete, answered_hours, long_usd, short_usd
    from of_closed_weeks
    union all
    select week_start, 'ALL' as asset_id, venue, is_published, is_complete, answered_hours, long_usd, short_usd
    from of_closed_weeks
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
