-- One row per window with at least two sectors to compare: how far apart the sectors' returns lay.
with dispersions as (
    select
        week_start,
        window_id,
        stddev_samp(return_cap_weighted_pct) as dispersion_pp,
        max(return_cap_weighted_pct) - min(return_cap_weighted_pct) as range_pp,
        count(*) as n_members
    from {{ ref('sector_returns_weekly') }}
    where n_assets >= {{ least_sector_members() }}
    group by week_start, window_id
    having count(*) >= 2
),

earlier as (
    select
        this.week_start,
        this.window_id,
        count(before.dispersion_pp) as n_earlier,
        count(case when before.dispersion_pp < this.dispersion_pp then 1 end) as n_below,
        count(case when before.dispersion_pp = this.dispersion_pp then 1 end) as n_equal
    from dispersions as this
    left join dispersions as before
        on before.window_id = this.window_id
        and before.week_start < this.week_start
        and before.week_start >= this.week_start - interval '{{ history_span_weeks() }} weeks'
        and {{ is_comparable('before', 'this') }}
    group by this.week_start, this.window_id
)

select
    dispersions.week_start,
    dispersions.window_id,
    dispersions.dispersion_pp,
    dispersions.range_pp,
    {{ percentile_from_counts('earlier.n_earlier', 'earlier.n_below', 'earlier.n_equal', least_weeks_of_history()) }}
        as percentile_104w,
    dispersions.n_members as n_sectors
from dispersions
inner join earlier
    on earlier.week_start = dispersions.week_start
    and earlier.window_id = dispersions.window_id
