-- One row per window, asset, venue, market and band: what usually rested in the order books. `ALL` sums the books that are known in
-- this week and the four before it, so that a book that was not recorded is no liquidity that left.
with windows as (
    select * from {{ ref('core_windows') }}
),

hours as (
    select * from {{ ref('int_order_book_hours') }}
),

books as (
    select
        windows.week_start,
        windows.window_id,
        windows.n_hours,
        hours.asset_id,
        hours.venue,
        hours.market_type,
        hours.venue_symbol,
        hours.band_pct,
        {{ median_depth('hours.bid_usd') }} as bid_usd,
        {{ median_depth('hours.ask_usd') }} as ask_usd,
        median(hours.spread_bps) as spread_bps,
        count(*) as n_snapshots
    from windows
    inner join hours
        on hours.hour_at > windows.starts_at
        and hours.hour_at <= windows.ends_at
    group by
        windows.week_start, windows.window_id, windows.n_hours, hours.asset_id, hours.venue, hours.market_type, hours.venue_symbol,
        hours.band_pct
),

usual as (
    select
        this.week_start,
        this.window_id,
        this.asset_id,
        this.venue,
        this.market_type,
        this.venue_symbol,
        this.band_pct,
        avg(earlier.bid_usd + earlier.ask_usd) as depth_usd
    from books as this
    inner join books as earlier
        on earlier.window_id = this.window_id
        and earlier.asset_id = this.asset_id
        and earlier.venue = this.venue
        and earlier.market_type = this.market_type
        and earlier.venue_symbol = this.venue_symbol
        and earlier.band_pct = this.band_pct
        and earlier.week_start < this.week_start
        and earlier.week_start >= this.week_start - interval '{{ 7 * (depth_look_back_weeks() | int) }} days'
    where earlier.bid_usd + earlier.ask_usd is not null
    group by
        this.week_start, this.window_id, this.asset_id, this.venue, this.market_type, this.venue_symbol, this.band_pct
    having count(*) = {{ depth_look_back_weeks() }}
),

compared as (
    select
        books.*,
        case when books.bid_usd + books.ask_usd is not null then usual.depth_usd end as usual_usd
    from books
    left join usual
        on usual.week_start = books.week_start
        and usual.window_id = books.window_id
        and usual.asset_id = books.asset_id
        and usual.venue = books.venue
        and usual.market_type = books.market_type
        and usual.venue_symbol = books.venue_symbol
        and usual.band_pct = books.band_pct
),

in_all_five_weeks as (
    select * from compared where usual_usd is not null
),

summed as (
    select *, asset_id as of_asset, venue as of_venue from compared
    union all
    select *, asset_id as of_asset, 'ALL' as of_venue from in_all_five_weeks
    union all
    select *, 'ALL' as of_asset, venue as of_venue from in_all_five_weeks
    union all
    select *, 'ALL' as of_asset, 'ALL' as of_venue from in_all_five_weeks
)

select
    week_start,
    window_id,
    of_asset as asset_id,
    of_venue as venue,
    market_type,
    band_pct,
    case when count(bid_usd) = count(*) then sum(bid_usd) end as bid_usd,
    case when count(ask_usd) = count(*) then sum(ask_usd) end as ask_usd,
    median(spread_bps) as spread_bps,
    100e0 * (sum(case when usual_usd is not null then bid_usd + ask_usd end) / nullif(sum(usual_usd), 0) - 1) as depth_vs_4w_pct,
    cast(sum(n_snapshots) as bigint) as n_snapshots,
    cast(sum(n_hours) as bigint) as expected_snapshots,
    100e0 * sum(n_snapshots) / sum(n_hours) as coverage_pct,
    count(*) as n_books
from summed
group by week_start, window_id, of_asset, of_venue, market_type, band_pct
