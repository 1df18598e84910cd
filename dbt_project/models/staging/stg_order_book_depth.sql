{{ config(meta={'time_column': 'snapshot_at'}) }}
select
    venue,
    market_type,
    venue_symbol,
    snapshot_at,
    side,
    band_pct,
    base_amount,
    quote_amount,
    best_price,
    recorded_at,
    load_id
from {{ source('raw', 'order_book_depth') }} as told
left join {{ read_from_files() }} as files on files.file_load_id = told.load_id
where {{ known_at_as_of() }}
qualify {{ latest_version(['venue', 'market_type', 'venue_symbol', 'snapshot_at', 'side', 'band_pct'], is_in_files=true) }}
