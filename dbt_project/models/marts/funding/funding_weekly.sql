{{ config(materialized='incremental', meta={'time_column': 'week_start', 'rebuilt_since': 'int_funding_rebuild', 'look_back_days': 4}) }}
with window_hours as (
    select
        week_start,
        window_id,
        {{ each_hour("starts_at + interval '1 hour'", 'ends_at') }} as hour_at
    from {{ recent(ref('core_windows')) }} as windows
),

hours as (
    select window_hours.week_start, window_hours.window_id, funding.*
    from {{ recent(ref('int_funding_hourly')) }} as funding
    inner join window_hours on window_hours.hour_at = funding.hour_at
),

{{ funding_over('hours', ['week_start', 'window_id']) }}
