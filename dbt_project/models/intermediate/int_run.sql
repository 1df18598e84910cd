-- The run: one row. What the models above staging read of it.
select as_of, now_at, starts_at, source, rebuild_from
from {{ ref('stg_run_context') }}
