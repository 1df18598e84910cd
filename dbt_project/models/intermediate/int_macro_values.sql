-- One row per macro series and reference date with a value: what it was, and when it was published.
with stated as (
    select provider, series, reference_date, value, released_at
    from {{ ref('stg_macro_series') }}
    where value is not null
    union all
    -- What markets close at is published when they close.
    select provider, series, close_date as reference_date, close as value, cast(null as timestamp) as released_at
    from {{ ref('stg_asset_class_prices') }}
    where provider = 'yahoo'
),

published as (
    select
        series.series_id,
        series.transform,
        stated.reference_date,
        stated.value,
        coalesce(
            stated.released_at,
            cast(releases.released_at as timestamp),
            cast(stated.reference_date as timestamp) + interval '1 day' * series.usual_lag_days
        ) as released_at
    from {{ ref('macro_series') }} as series
    inner join stated
        on stated.provider = series.provider
        and stated.series = series.series
    left join {{ ref('macro_releases') }} as releases
        on releases.series = series.series
        and releases.reference_date = stated.reference_date
    qualify row_number() over (
        partition by series.series_id, stated.reference_date order by series.priority
    ) = 1
)

select series_id, reference_date, released_at, value
from published
where transform = 'level'
union all
select
    this.series_id,
    this.reference_date,
    this.released_at,
    100e0 * (this.value / before.value - 1e0) as value
from published as this
inner join published as before
    on before.series_id = this.series_id
    and before.reference_date = cast(this.reference_date - interval '12 months' as date)
where this.transform = 'year_on_year' and before.value > 0
