-- Liquidations are events: that there were none is known only of the time that a venue was asked for and answered.
select
    origin as venue,
    window_start as answered_from,
    window_end as answered_to,
    recorded_at,
    load_id
from {{ source('raw', 'requests') }}
where dataset = 'liquidations'
    and status = 'complete'
    and {{ known_at_as_of() }}
