{{ config(meta={'time_column': 'week_start'}) }}
-- One row per window, horizon and block of 24 hours of it: what the jackknife leaves out, one at a time.
with windows as (
    select * from {{ ref('core_windows') }}
),

horizons as (
    select week_start, window_id, '7d' as horizon, starts_at as horizon_starts_at, ends_at as horizon_ends_at, n_hours
    from windows
    union all
    select week_start, window_id, '30d' as horizon, ends_at - interval '30 days' as horizon_starts_at, ends_at as horizon_ends_at, 720 as n_hours
    from windows
),

days as (
    {{ timestamps_from_to('offset_at', "timestamp '1970-01-01 00:00:00'", "timestamp '1970-01-30 00:00:00'", '1 day') }}
),

-- A last block of one hour joins the one before; a longer one stands.
started as (
    select
        horizons.*,
        horizons.horizon_starts_at + (days.offset_at - timestamp '1970-01-01 00:00:00') as starts_at
    from horizons
    cross join days
    where horizons.horizon_starts_at + (days.offset_at - timestamp '1970-01-01 00:00:00') + interval '1 hour' < horizons.horizon_ends_at
),

numbered as (
    select
        *,
        row_number() over (partition by week_start, window_id, horizon order by starts_at) as block_number,
        count(*) over (partition by week_start, window_id, horizon) as n_blocks,
        coalesce(
            lead(starts_at) over (partition by week_start, window_id, horizon order by starts_at),
            horizon_ends_at
        ) as ends_at
    from started
)

select
    week_start,
    window_id,
    horizon,
    block_number,
    starts_at,
    ends_at,
    horizon_starts_at,
    horizon_ends_at,
    cast(n_hours as bigint) as n_hours,
    n_blocks
from numbered
