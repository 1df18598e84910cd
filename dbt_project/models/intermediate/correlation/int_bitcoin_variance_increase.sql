{{ config(materialized='incremental', meta={'time_column': 'week_start', 'look_back_days': 215}) }}
-- One row per window and horizon: by how much bitcoin's variance rose in the horizon against the 26 weeks before it.
-- 215 days: 26 weeks before a horizon of 30 days that ends in the week.
with horizons as (
    select * from {{ recent(ref('int_correlation_blocks')) }} as blocks where block_number = 1
),

bitcoin as (
    select price_at, log_return
    from {{ recent(ref('core_prices_hourly')) }} as prices
    where asset_id = {{ bitcoin() }}
),

variances as (
    select
        horizons.week_start,
        horizons.window_id,
        horizons.horizon,
        var_samp(bitcoin.log_return) filter (where bitcoin.price_at > horizons.horizon_starts_at) as inside,
        var_samp(bitcoin.log_return) filter (where bitcoin.price_at <= horizons.horizon_starts_at) as before,
        count(bitcoin.log_return) filter (where bitcoin.price_at <= horizons.horizon_starts_at) as n_before
    from horizons
    inner join bitcoin
        on bitcoin.price_at > horizons.horizon_starts_at - interval '182 days'
        and bitcoin.price_at <= horizons.horizon_ends_at
    group by horizons.week_start, horizons.window_id, horizons.horizon
)

select
    week_start,
    window_id,
    horizon,
    inside / before - 1e0 as variance_increase
from variances
where n_before >= {{ least_hours_of_baseline() }}
