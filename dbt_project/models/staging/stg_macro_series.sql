select
    provider,
    series,
    reference_date,
    value,
    released_at,
    recorded_at,
    load_id
from {{ source('raw', 'macro_series') }}
where {{ known_at_as_of() }}
qualify {{ latest_version(['provider', 'series', 'reference_date']) }}
