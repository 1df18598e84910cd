-- The closed days of the source: market_date D ends at D 24:00 UTC.
with days as (
    {{ timestamps_from_to(
        'starts_at',
        "(select date_trunc('day', starts_at) from " ~ ref('stg_run_context') ~ ")",
        "(select now_at - interval '24 hours' from " ~ ref('stg_run_context') ~ ")",
        '1 day'
    ) }}
)

select
    starts_at::date as market_date,
    starts_at,
    starts_at + interval '24 hours' as ends_at
from days
