{{ config(materialized='incremental', meta={'time_column': 'market_date', 'look_back_days': 28}) }}
-- Each symbol's open interest at each day's end; a symbol that has fallen silent stays for 28 days with what it last had,
-- as expected and not observed, unless its candles ended too. So a venue that fails costs coverage and is not forgotten.
with days as (
    select * from {{ ref('core_days') }}
),

observed as (
    select days.market_date, hourly.*
    from days
    inner join {{ recent(ref('int_open_interest_hourly')) }} as hourly on hourly.valued_at = days.ends_at
),

until_seen_again as (
    select
        *,
        lead(market_date) over (partition by venue, venue_symbol order by market_date) as next_date
    from observed
),

silent as (
    select seen.*, days.market_date as silent_date
    from until_seen_again as seen
    inner join days
        on days.market_date > seen.market_date
        and days.market_date <= seen.market_date + interval '28 days'
        and days.market_date < coalesce(seen.next_date, days.market_date + interval '1 day')
    left join {{ ref('int_candle_lives') }} as lives
        on lives.venue = seen.venue
        and lives.venue_symbol = seen.venue_symbol
        and lives.market_type = 'perp'
        and lives.week_start = cast(date_trunc('week', days.market_date) as date)
    where not coalesce(lives.has_ended and days.ends_at > lives.last_close_at, false)
)

select
    market_date,
    venue,
    venue_symbol,
    asset_id,
    is_inverse,
    true as is_observed,
    open_interest_usd,
    open_interest_base
from observed
union all
select
    silent_date as market_date,
    venue,
    venue_symbol,
    asset_id,
    is_inverse,
    false as is_observed,
    open_interest_usd,
    open_interest_base
from silent
