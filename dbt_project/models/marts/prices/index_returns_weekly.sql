-- One row per window and index whose level is known at both ends: what the index returned.
select
    windows.week_start,
    windows.window_id,
    begins.index_id,
    {{ simple_return_pct('begins.level', 'ends.level') }} as return_pct,
    ends.n_members
from {{ ref('core_windows') }} as windows
inner join {{ ref('index_levels_hourly') }} as begins
    on begins.level_at = windows.starts_at
inner join {{ ref('index_levels_hourly') }} as ends
    on ends.index_id = begins.index_id
    and ends.level_at = windows.ends_at
