select
    provider,
    series,
    close_date,
    close,
    recorded_at,
    load_id
from {{ source('raw', 'asset_class_prices') }}
where {{ known_at_as_of() }}
qualify {{ latest_version(['provider', 'series', 'close_date']) }}
