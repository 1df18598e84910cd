select
    venue,
    market_type,
    venue_symbol,
    base,
    quote,
    settle,
    contract_size,
    is_inverse,
    is_active,
    listed_at,
    asset_class,
    is_premarket,
    max(case when is_premarket then recorded_at end) over (partition by venue, market_type, venue_symbol) as premarket_until,
    recorded_at,
    load_id
from {{ source('raw', 'instruments') }}
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'market_type', 'venue_symbol']) }}
