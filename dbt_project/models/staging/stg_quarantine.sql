select
    dataset,
    origin,
    market_type,
    series,
    event_at,
    rule,
    severity,
    reason,
    row_json,
    landing_file,
    row_number,
    recorded_at,
    load_id
from {{ raw_table('quarantine') }}
where {{ known_at_as_of() }}
