-- Each symbol's open interest at each day's end; a symbol that has fallen silent stays for 28 days with what it last had,
-- as expected and not observed, unless its candles ended too. So a venue that fails costs coverage and is not forgotten.
with observed as (
    select d.market_date, o.*
    from {{ ref('int_coverage_days') }} d
    inner join {{ ref('int_open_interest_hourly') }} o on d.ends_at = o.valued_at
),

until_seen_again as (
    select
        o.*,
        lead(o.market_date) over (partition by o.venue, o.venue_symbol order by o.market_date) as next_date,
        case when l.has_ended then l.last_close_at end as ended_at
    from observed o
    left join {{ ref('int_coverage_candle_lives') }} l
        on o.venue = l.venue and o.venue_symbol = l.venue_symbol and l.market_type = 'perp'
),

silent as (
    select s.*, d.market_date as silent_date
    from until_seen_again s
    inner join {{ ref('int_coverage_days') }} d
        on d.market_date > s.market_date
        and d.market_date <= s.market_date + interval '28 days'
        and d.market_date < coalesce(s.next_date, d.market_date + interval '1 day')
        and d.ends_at <= coalesce(s.ended_at, d.ends_at)
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
