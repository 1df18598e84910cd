{{ config(meta={'time_column': 'open_time'}) }}
select
    venue,
    market_type,
    venue_symbol,
    open_time,
    open,
    high,
    low,
    close,
    base_volume,
    quote_volume,
    taker_buy_base_volume,
    taker_buy_quote_volume,
    recorded_at,
    load_id
from {{ source('raw', 'candles') }} as told
left join {{ read_from_files() }} as files on files.file_load_id = told.load_id
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'market_type', 'venue_symbol', 'open_time'], is_in_files=true) }}
