{{ config(materialized='incremental', meta={'time_column': 'observed_at'}) }}
-- One row per observation of open interest that other facts refuse. The first rule wins.
with verdicts as (
    select
        observed.venue,
        observed.venue_symbol,
        observed.observed_at,
        'open_interest_is_of_an_instrument' as rule,
        symbols.reason,
        1 as precedence
    from {{ ref('stg_open_interest') }} as observed
    inner join {{ ref('int_open_interest_symbols') }} as symbols
        on symbols.venue = observed.venue
        and symbols.venue_symbol = observed.venue_symbol
        and symbols.is_quarantined
    where {{ within_reach('observed.observed_at') }}
    union all
    select venue, venue_symbol, event_at as observed_at, rule, reason, 2 as precedence
    from {{ ref('int_refused_twins') }}
    where dataset = 'open_interest'
    union all
    select venue, venue_symbol, observed_at, rule, reason, 3 as precedence
    from {{ ref('int_refused_open_interest_units') }}
    union all
    select venue, venue_symbol, observed_at, rule, reason, 4 as precedence
    from {{ ref('int_refused_open_interest_levels') }}
)

select venue, venue_symbol, observed_at, rule, reason
from verdicts
qualify row_number() over (partition by venue, venue_symbol, observed_at order by precedence) = 1
