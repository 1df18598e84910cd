select
    as_of,
    now_at,
    starts_at,
    source
from {{ raw_table('run_context') }}
