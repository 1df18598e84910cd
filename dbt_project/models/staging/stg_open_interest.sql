{{ config(meta={'time_column': 'observed_at'}) }}
select
    venue,
    venue_symbol,
    observed_at,
    open_interest_base,
    open_interest_usd,
    recorded_at,
    load_id
from {{ source('raw', 'open_interest') }} as told
left join {{ read_from_files() }} as files on files.file_load_id = told.load_id
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'venue_symbol', 'observed_at'], is_in_files=true) }}
