{{ config(materialized='incremental', meta={'time_column': 'market_date', 'rebuilt_since': 'int_funding_rebuild'}) }}
with hours as (
    select
        h.*,
        (h.hour_at - interval '1 hour')::date as market_date
    from {{ ref('int_funding_hourly') }} h
    where {{ within_reach('h.hour_at', since='int_funding_rebuild') }}
        and h.hour_at <= (select max(ends_at) from {{ ref('core_days') }})
),

{{ funding_over('hours', ['market_date']) }}
