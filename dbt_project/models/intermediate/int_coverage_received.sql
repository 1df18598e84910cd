-- Accepted rows per dataset, venue (or provider) and week, with the last time that one of them was recorded.
-- A week holds the events in (Monday 00:00, next Monday 00:00]; a candle's event is its end.
with events as (
    select 'candles' as dataset, venue, price_at as event_at, recorded_at
    from {{ ref('int_candles_hourly') }}
    union all
    select
        'funding_rates' as dataset,
        venue,
        date_trunc('hour', settled_at + interval '30 minutes') as event_at,
        recorded_at
    from {{ ref('stg_funding_rates') }}
    union all
    select 'open_interest' as dataset, o.venue, o.observed_at as event_at, o.recorded_at
    from {{ ref('stg_open_interest') }} o
    inner join {{ ref('int_open_interest_symbols') }} s
        on o.venue = s.venue and o.venue_symbol = s.venue_symbol and not s.is_quarantined
    union all
    select 'market_caps' as dataset, provider as venue, observed_at as event_at, recorded_at
    from {{ ref('stg_market_caps') }}
    union all
    -- A day's close is of the end of its day.
    select 'asset_class_prices' as dataset, provider as venue, close_date::timestamp + interval '24 hours' as event_at,
        recorded_at
    from {{ ref('stg_asset_class_prices') }}
    union all
    select 'macro_series' as dataset, provider as venue, reference_date::timestamp + interval '24 hours' as event_at,
        recorded_at
    from {{ ref('stg_macro_series') }}
)

select
    dataset,
    venue,
    date_trunc('week', event_at - interval '1 microsecond')::date as week_start,
    count(*) as received_rows,
    max(recorded_at) as last_recorded_at
from events
group by 1, 2, 3
