{{ config(materialized='view', meta={'time_column': 'price_at'}) }}
-- One row per asset and hour of every week for which it has a reference instrument.
select
    asset_id,
    price_at,
    reference_price_usd,
    log_return,
    venue,
    market_type,
    venue_symbol,
    is_carried
from {{ ref('core_prices_hourly') }}
