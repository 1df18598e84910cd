-- The run's clock and window, one row: what ingestion wrote before the build.
select as_of, now_at, starts_at, source, rebuild_from
from {{ source('raw', 'run_context') }}
