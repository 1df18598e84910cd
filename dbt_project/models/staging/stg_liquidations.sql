select
    venue,
    venue_symbol,
    liquidated_at,
    side,
    price,
    occurrence,
    quantity,
    recorded_at,
    load_id
from {{ source('raw', 'liquidations') }}
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'venue_symbol', 'liquidated_at', 'side', 'price', 'occurrence']) }}
