-- The ledger is made for the run's clock and its as-of time before the build: nothing is left to filter.
select
    dataset,
    origin,
    market_type,
    series,
    week_start,
    due_rows,
    received_rows,
    quarantined_rows,
    missing_rows,
    first_missing_at,
    last_missing_at,
    last_recorded_at,
    reason,
    tries,
    last_tried_at,
    next_try_at,
    is_closed
from {{ source('raw', 'coverage') }}
