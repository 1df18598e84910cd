select
    venue,
    venue_symbol,
    observed_at,
    long_short_account_ratio,
    recorded_at,
    load_id
from {{ source('raw', 'long_short_ratios') }} as told
left join {{ read_from_files() }} as files on files.file_load_id = told.load_id
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'venue_symbol', 'observed_at'], is_in_files=true) }}
