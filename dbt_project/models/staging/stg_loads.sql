select
    load_id,
    dataset,
    origin,
    landing_file,
    recorded_at
from {{ raw_table('loads') }}
where {{ known_at_as_of() }}
