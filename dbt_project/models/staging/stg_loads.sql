select
    load_id,
    dataset,
    origin,
    landing_file,
    recorded_at
from {{ source('raw', 'loads') }}
where {{ known_at_as_of() }}
