select
    dataset,
    origin,
    market_type,
    series,
    window_start,
    window_end,
    rows_received,
    status,
    reason,
    recorded_at,
    load_id
from {{ raw_table('requests') }}
where {{ known_at_as_of() }}
