select
    dataset,
    venue,
    market_type,
    series,
    event_at,
    rule,
    severity,
    reason,
    is_peer_check,
    refuses,
    landing_file,
    row_number,
    recorded_at,
    released_at
from {{ ref('int_quarantine') }}
