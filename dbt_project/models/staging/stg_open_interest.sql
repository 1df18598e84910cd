{{ config(meta={'time_column': 'observed_at'}) }}
select
    venue,
    venue_symbol,
    observed_at,
    open_interest_base,
    open_interest_usd,
    recorded_at,
    load_id
from {{ source('raw', 'open_interest') }}
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'venue_symbol', 'observed_at']) }}
