{{ config(materialized='incremental', meta={'time_column': 'market_date'}) }}
-- Each symbol's open interest at each day's end; a symbol that has fallen silent stays for 28 days with what it last had,
-- as expected and not observed, unless its candles ended too. So a venue that fails costs coverage and is not forgotten.
with observed as (
    select d.market_date, o.*
    from {{ ref('core_days') }} d
    inner join {{ ref('int_open_interest_hourly') }} o on d.ends_at = o.valued_at
    where {{ within_reach('o.valued_at', days=28) }}
),

until_seen_again as (
    select
        o.*,
        lead(o.market_date) over (partition by o.venue, o.venue_symbol order by o.market_date) as next_date
    from observed o
),

silent as (
    select s.*, d.market_date as silent_date
    from until_seen_again s
    inner join {{ ref('core_days') }} d
        on d.market_date > s.market_date
        and d.market_date <= s.market_date + interval '28 days'
        and d.market_date < coalesce(s.next_date, d.market_date + interval '1 day')
    left join {{ ref('int_candle_lives') }} l
        on s.venue = l.venue
        and s.venue_symbol = l.venue_symbol
        and l.market_type = 'perp'
        and l.week_start = cast(date_trunc('week', d.market_date) as date)
    where not coalesce(l.has_ended and d.ends_at > l.last_close_at, false)
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
