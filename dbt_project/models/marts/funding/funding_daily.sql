{{ config(materialized='incremental', meta={'time_column': 'market_date', 'rebuilt_since': 'int_funding_rebuild'}) }}
with hours as (
    select
        *,
        cast(hour_at - interval '1 hour' as date) as market_date
    from {{ recent(ref('int_funding_hourly')) }} as funding
    where hour_at <= (select max(ends_at) from {{ ref('core_days') }})
),

{{ funding_over('hours', ['market_date']) }}
