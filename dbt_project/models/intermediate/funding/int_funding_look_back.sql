-- One row: from when on this build reads settlements. An interval is seen from the two before it, wherever those lie: of every
-- series with settlements to rewrite, the last 14 days before them on which it had any are read, however long ago.
with days as (
    select venue, venue_symbol, day, day >= {{ rebuild_from() }} as is_rewritten
    from {{ ref('core_symbol_days') }}
    where dataset = 'funding_rates'
),

rewritten_series as (
    select distinct venue, venue_symbol
    from days
    where is_rewritten
),

days_before as (
    select
        days.day,
        row_number() over (partition by days.venue, days.venue_symbol order by days.day desc) as n_days
    from days
    inner join rewritten_series
        on rewritten_series.venue = days.venue
        and rewritten_series.venue_symbol = days.venue_symbol
    where not days.is_rewritten
)

select least(max(run.rebuild_from), coalesce(min(days_before.day), max(run.rebuild_from))) as rebuild_from
from {{ ref('rebuild_start') }} as run
left join days_before on days_before.n_days <= 14
