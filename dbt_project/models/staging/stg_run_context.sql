select
    as_of,
    now_at,
    starts_at,
    source,
    rebuild_from
from {{ raw_table('run_context') }}
