{{ config(meta={'time_column': 'settled_at'}) }}
select
    venue,
    venue_symbol,
    settled_at,
    funding_rate,
    recorded_at,
    load_id
from {{ source('raw', 'funding_rates') }} as told
left join {{ read_from_files() }} as files on files.file_load_id = told.load_id
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'venue_symbol', 'settled_at'], is_in_files=true) }}
