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
    recorded_at,
    load_id
from {{ source('raw', 'instruments') }}
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'market_type', 'venue_symbol']) }}
