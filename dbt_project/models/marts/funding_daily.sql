with hours as (
    select
        h.*,
        (h.hour_at - interval '1 hour')::date as market_date
    from {{ ref('int_funding_hourly') }} h
    where h.hour_at <= (select max(ends_at) from {{ ref('int_coverage_days') }})
),

{{ funding_over('hours', ['market_date']) }}
