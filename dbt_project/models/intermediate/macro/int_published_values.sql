-- One row per dataset, provider, series and reference date: what offices published and what markets closed at. A series that is in
-- both datasets stays in both: each of its readers takes one.
select
    'macro_series' as dataset,
    provider,
    series,
    reference_date,
    value,
    released_at
from {{ ref('stg_macro_series') }}
where value is not null
union all
select
    'asset_class_prices' as dataset,
    provider,
    series,
    close_date as reference_date,
    close as value,
    cast(null as timestamp) as released_at
from {{ ref('stg_asset_class_prices') }}
where close is not null
