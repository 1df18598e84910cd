-- One row per instrument: what it stands for now (or stood for last), and when it was first and last seen. One of which every row
-- was refused is none.
with seen as (
    select
        venue,
        market_type,
        venue_symbol,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        sum(n_rows) as n_rows
    from {{ symbols_seen() }} as symbols
    group by venue, market_type, venue_symbol
),

-- What a guard stops is not among what was seen; what a check refuses is.
refused as (
    select venue, market_type, series as venue_symbol, count(case when is_peer_check then 1 end) as n_rows
    from {{ ref('quarantine') }}
    where refuses = 'row' and released_at is null
    group by venue, market_type, series
)

select
    instruments.venue,
    instruments.market_type,
    instruments.venue_symbol,
    instruments.asset_id,
    instruments.base,
    instruments.quote,
    instruments.multiplier,
    instruments.contract_size,
    instruments.is_inverse,
    coalesce(seen.first_seen_at, instruments.listed_at) as first_seen_at,
    coalesce(seen.last_seen_at, instruments.listed_at) as last_seen_at,
    instruments.asset_class,
    instruments.is_premarket
from {{ ref('core_known_instruments') }} as instruments
left join seen
    on seen.venue = instruments.venue
    and seen.market_type = instruments.market_type
    and seen.venue_symbol = instruments.venue_symbol
left join refused
    on refused.venue = instruments.venue
    and refused.market_type = instruments.market_type
    and refused.venue_symbol = instruments.venue_symbol
where instruments.valid_from <= coalesce(seen.last_seen_at, {{ now_at() }})
    and (refused.venue is null or refused.n_rows < seen.n_rows)
qualify row_number() over (
    partition by instruments.venue, instruments.market_type, instruments.venue_symbol
    order by instruments.valid_from desc
) = 1
