-- One row per instrument and ISO week in which most of its rows of some dataset are another symbol's: what else its venue says
-- under that name (accounts, liquidations, hours to be traded) is told by the other one already.
with refused as (
    select
        dataset,
        venue,
        market_type,
        venue_symbol,
        cast(date_trunc('week', event_at - interval '1 microsecond') as date) as week_start,
        count(*) as n_refused
    from {{ ref('int_refused_twins') }}
    group by all
),

seen as (
    select
        dataset,
        venue,
        market_type,
        venue_symbol,
        cast(date_trunc('week', day) as date) as week_start,
        sum(n_rows) as n_rows
    from {{ ref('int_symbol_days') }}
    group by all
)

select distinct refused.week_start, refused.venue, refused.market_type, refused.venue_symbol
from refused
inner join seen
    on seen.dataset = refused.dataset
    and seen.venue = refused.venue
    and seen.market_type = refused.market_type
    and seen.venue_symbol = refused.venue_symbol
    and seen.week_start = refused.week_start
where refused.n_refused > 0.5 * seen.n_rows
