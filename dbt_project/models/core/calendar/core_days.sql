{{ config(meta={'time_column': 'market_date'}) }}
-- The closed days of the source: market_date D ends at D 24:00 UTC.
with days as (
    {{ timestamps_from_to('starts_at', "date_trunc('day', " ~ starts_at() ~ ")", now_at() ~ " - interval '24 hours'", '1 day') }}
)

select
    cast(starts_at as date) as market_date,
    starts_at,
    starts_at + interval '24 hours' as ends_at
from days
