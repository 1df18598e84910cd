-- One row per instrument and dataset that has facts of it: when it was first and last seen there.
select
    dataset,
    venue,
    market_type,
    venue_symbol,
    min(first_seen_at) as first_seen_at,
    max(last_seen_at) as last_seen_at,
    sum(n_rows)::bigint as n_rows
from {{ ref('int_symbol_days') }}
group by dataset, venue, market_type, venue_symbol
