-- Each perpetual's week of accounts: the mean share that was long, and how much of what was due came.
with observed as (
    select
        cast(date_trunc('week', observed_at - interval '1 microsecond') as date) as week_start,
        venue,
        venue_symbol,
        count(*) as n_observations,
        avg(long_short_account_ratio / (1 + long_short_account_ratio)) as long_account_share
    from {{ ref('stg_long_short_ratios') }}
    group by all
),

due as (
    select week_start, origin as venue, series as venue_symbol, due_rows
    from {{ ref('stg_coverage') }}
    where dataset = 'long_short_ratios' and series not like '*%'
),

counted as (
    select
        coalesce(observed.week_start, due.week_start) as week_start,
        coalesce(observed.venue, due.venue) as venue,
        coalesce(observed.venue_symbol, due.venue_symbol) as venue_symbol,
        coalesce(observed.n_observations, 0) as n_observations,
        due.due_rows as expected_observations,
        observed.long_account_share
    from observed
    full outer join due
        on due.week_start = observed.week_start
        and due.venue = observed.venue
        and due.venue_symbol = observed.venue_symbol
),

weights as (
    select
        cast(date_trunc('week', market_date) as date) as week_start,
        venue,
        venue_symbol,
        avg(open_interest_usd) as open_interest_usd
    from {{ ref('int_open_interest_days') }}
    where is_observed
    group by all
)

select
    counted.week_start,
    counted.venue,
    counted.venue_symbol,
    instruments.asset_id,
    counted.n_observations,
    counted.expected_observations,
    counted.long_account_share,
    weights.open_interest_usd
from counted
inner join {{ ref('core_windows') }} as weeks
    on weeks.week_start = counted.week_start
    and weeks.window_id = 'mon_mon'
inner join {{ ref('core_instruments') }} as instruments
    on instruments.venue = counted.venue
    and instruments.venue_symbol = counted.venue_symbol
    and instruments.market_type = 'perp'
    and instruments.valid_from <= weeks.starts_at
    and instruments.valid_to > weeks.starts_at
left join weights
    on weights.week_start = counted.week_start
    and weights.venue = counted.venue
    and weights.venue_symbol = counted.venue_symbol
left join {{ ref('duplicate_symbols') }} as duplicates
    on duplicates.week_start = counted.week_start
    and duplicates.venue = counted.venue
    and duplicates.market_type = 'perp'
    and duplicates.venue_symbol = counted.venue_symbol
where duplicates.venue_symbol is null
