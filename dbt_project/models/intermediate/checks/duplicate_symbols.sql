-- One row per instrument and ISO week in which most of its rows of some dataset are another symbol's: what else its venue says
-- under that name (accounts, liquidations, hours to be traded) is told by the other one already.
with copied as (
    {% for dataset in ('candles', 'open_interest') %}
    select
        '{{ dataset }}' as dataset,
        copies.venue,
        copies.market_type,
        copies.series as venue_symbol,
        cast(date_trunc('week', copies.event_at - interval '1 microsecond') as date) as week_start,
        count(*) as n_copied
    from {{ refused(dataset, ['check_duplicate_listings']) }} as copies
    group by all
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

seen as (
    select
        dataset,
        venue,
        market_type,
        venue_symbol,
        cast(date_trunc('week', day) as date) as week_start,
        sum(n_rows) as n_rows
    from {{ ref('core_symbol_days') }}
    group by all
)

select distinct copied.week_start, copied.venue, copied.market_type, copied.venue_symbol
from copied
inner join seen
    on seen.dataset = copied.dataset
    and seen.venue = copied.venue
    and seen.market_type = copied.market_type
    and seen.venue_symbol = copied.venue_symbol
    and seen.week_start = copied.week_start
where copied.n_copied > 0.5 * seen.n_rows
