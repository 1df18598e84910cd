-- One row per asset and unbroken run of hours whose funding had one sign. `ALL` is the market.
-- No sign (0) ends a run; a missing hour censors it.
with pieces as (
    select
        *,
        lag(piece_end) over in_order as before_end,
        lag(sign) over in_order as before_sign,
        lead(piece_start) over in_order as next_start,
        max(piece_end) over () as newest_hour_at
    from {{ ref('int_funding_run_pieces') }}
    window in_order as (partition by asset_id order by piece_start)
),

numbered as (
    select
        *,
        coalesce(before_end < piece_start - interval '1 hour', true) as is_after_hole,
        coalesce(next_start > piece_end + interval '1 hour', true) as is_before_hole,
        sum(case when before_sign = sign and before_end = piece_start - interval '1 hour' then 0 else 1 end) over (
            partition by asset_id order by piece_start
        ) as run_number
    from pieces
),

runs as (
    select
        asset_id,
        sign,
        min(piece_start) as run_start,
        max(piece_end) as run_end,
        sum({{ hours_between('piece_start', 'piece_end') }} + 1) as hours,
        min_by(is_after_hole, piece_start) as is_after_hole,
        max_by(is_before_hole, piece_start) as is_before_hole,
        max(newest_hour_at) as newest_hour_at
    from numbered
    where sign <> 0
    group by asset_id, sign, run_number
)

select
    asset_id,
    run_start,
    run_end,
    cast(hours as bigint) as hours,
    sign,
    run_end = newest_hour_at as is_open,
    is_after_hole or (is_before_hole and run_end < newest_hour_at) as is_censored
from runs
