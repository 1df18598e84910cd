{{ config(materialized='incremental', meta={'time_column': 'settled_hour_at'}) }}
-- Each settlement with its asset, its Monday week and its bin of 8 h, so that venues which settle every 8, 4, 2 or 1 h compare
-- by sums, whatever the interval. A bin ends at 00, 08 or 16 and holds the hours (end − 8 h, end].
with settled as (
    select
        funding.venue,
        funding.venue_symbol,
        funding.settled_at,
        date_trunc('hour', funding.settled_at + interval '30 minutes') as settled_hour_at,
        funding.funding_rate
    from {{ ref('stg_funding_rates') }} as funding
    where {{ within_reach('funding.settled_at', days=1) }}
)

select
    settled.*,
    instruments.asset_id,
    cast(date_trunc('week', settled.settled_hour_at - interval '1 microsecond') as date) as week_start,
    {{ add_hours(
        "date_trunc('day', settled.settled_hour_at - interval '1 microsecond')",
        "8 * (floor(hour(settled.settled_hour_at - interval '1 microsecond') / 8) + 1)"
    ) }} as bin_at
from settled
inner join {{ ref('int_instruments') }} as instruments
    on instruments.venue = settled.venue
    and instruments.venue_symbol = settled.venue_symbol
    and instruments.market_type = 'perp'
    and settled.settled_hour_at >= instruments.valid_from
    and settled.settled_hour_at < instruments.valid_to
