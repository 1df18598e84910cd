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
    case when released_at <= (select as_of from {{ source('raw', 'run_context') }}) then released_at end as released_at,
    load_id
from {{ source('raw', 'quarantine') }}
where {{ known_at_as_of() }}
