{{ config(materialized='incremental', meta={'time_column': 'week_start', 'rebuilt_since': 'int_funding_rebuild'}) }}
with hours_of_windows as (
    select
        week_start,
        window_id,
        {{ each_hour("starts_at + interval '1 hour'", 'ends_at') }} as hour_at
    from {{ ref('core_windows') }}
    where {{ within_reach('week_start', since='int_funding_rebuild') }}
),

hours as (
    select w.week_start, w.window_id, h.*
    from {{ ref('int_funding_hourly') }} h
    inner join hours_of_windows w on h.hour_at = w.hour_at
    where {{ within_reach('h.hour_at', days=4, since='int_funding_rebuild') }}
),

{{ funding_over('hours', ['week_start', 'window_id']) }}
