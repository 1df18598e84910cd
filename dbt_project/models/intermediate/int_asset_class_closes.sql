-- One row per provider, series and trading day: what other asset classes closed at.
select provider, series, close_date, close
from {{ ref('stg_asset_class_prices') }}
