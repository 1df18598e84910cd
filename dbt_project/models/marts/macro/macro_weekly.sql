-- One row per week and series that has been published by the week's end: its newest value then, and what changed.
with closed_weeks as (
    select week_start, ends_at
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

published as (
    select * from {{ ref('int_published_values') }}
),

macro_series as (
    select * from {{ ref('macro_series') }}
),

macro_releases as (
    select * from {{ ref('macro_releases') }}
),

yield_curves as (
    select * from {{ ref('yield_curves') }}
),

fomc_meetings as (
    select * from {{ ref('fomc_meetings') }}
),

weeks_before as (
    {{ whole_numbers('n', 1, history_span_weeks() | int + 1) }}
),

-- Series are older than our history: its first week has a week before it, and a curve what is usual of it.
weeks as (
    select week_start, ends_at from closed_weeks
    union all
    select
        cast({{ add_hours('cast(first_weeks.week_start as timestamp)', '-168 * weeks_before.n') }} as date) as week_start,
        {{ add_hours('first_weeks.ends_at', '-168 * weeks_before.n') }} as ends_at
    from (select min(week_start) as week_start, min(ends_at) as ends_at from closed_weeks) as first_weeks
    cross join weeks_before
),

-- Each date from the first source that has it, with the moment of its publication: as the source says, else as the seed of known
-- releases does, else after the series' usual lag. What markets close at is published when they close.
stated as (
    select
        series.series_id,
        series.transform,
        published.reference_date,
        published.value,
        coalesce(
            published.released_at,
            cast(releases.released_at as timestamp),
            cast(published.reference_date as timestamp) + interval '1 day' * series.usual_lag_days
        ) as released_at
    from macro_series as series
    inner join published
        on published.provider = series.provider
        and published.series = series.series
        and (published.dataset = 'macro_series' or published.provider = 'yahoo')
    left join macro_releases as releases
        on releases.series = series.series
        and releases.reference_date = published.reference_date
    qualify row_number() over (
        partition by series.series_id, published.reference_date order by series.priority
    ) = 1
),

macro_values as (
    select
        this.series_id,
        this.reference_date,
        this.released_at,
        case this.transform
            when 'year_on_year' then 100e0 * (this.value / year_before.value - 1e0)
            else this.value
        end as value
    from stated as this
    left join stated as year_before
        on this.transform = 'year_on_year'
        and year_before.series_id = this.series_id
        and year_before.reference_date = cast(this.reference_date - interval '12 months' as date)
        and year_before.value > 0
    where this.transform = 'level' or year_before.value is not null
),

known as (
    select
        weeks.week_start,
        stated.series_id,
        stated.reference_date,
        stated.released_at,
        stated.value
    from weeks
    inner join macro_values as stated on stated.released_at <= weeks.ends_at
    qualify row_number() over (
        partition by weeks.week_start, stated.series_id order by stated.reference_date desc
    ) <= 2
),

-- The newest value, and the one of the reference date before it.
latest as (
    select
        week_start,
        series_id,
        max(reference_date) as reference_date,
        max_by(released_at, reference_date) as released_at,
        max_by(value, reference_date) as value,
        case when count(*) = 2 then min_by(value, reference_date) end as value_before
    from known
    group by week_start, series_id
),

series_rows as (
    select
        this.week_start,
        this.series_id,
        this.reference_date,
        this.released_at,
        this.value,
        case when series.change_from = 'week' then last_week.value else this.value_before end as previous_value,
        series.unit,
        {{ is_stale_release('this.released_at', 'weeks.ends_at', 'series.frequency') }} as is_stale,
        cast(null as varchar) as label,
        series.name,
        series.frequency
    from latest as this
    inner join weeks on weeks.week_start = this.week_start
    inner join macro_series as series on series.series_id = this.series_id and series.priority = 1
    left join latest as last_week
        on last_week.series_id = this.series_id
        and last_week.week_start = cast(this.week_start - interval '7 days' as date)
),

-- A curve by its two ends, or by one of them and the spread where that is published itself.
points as (
    select
        curves.curve_id,
        stated.reference_date,
        max(case when stated.series_id = curves.long_series_id then stated.value end) as long_value,
        max(case when stated.series_id = curves.short_series_id then stated.value end) as short_value,
        max(case when stated.series_id = curves.spread_series_id then stated.value end) as spread,
        max(case when stated.series_id = curves.long_series_id then stated.released_at end) as long_released_at,
        max(case when stated.series_id = curves.short_series_id then stated.released_at end) as short_released_at,
        max(case when stated.series_id = curves.spread_series_id then stated.released_at end) as spread_released_at
    from yield_curves as curves
    inner join macro_values as stated
        on stated.series_id = curves.long_series_id
        or stated.series_id = curves.short_series_id
        or stated.series_id = curves.spread_series_id
    group by curves.curve_id, stated.reference_date
),

-- Its slope on each day that two of the three are of.
slopes as (
    select
        curve_id,
        reference_date,
        case
            when long_value is null then greatest(short_released_at, spread_released_at)
            when short_value is null then greatest(long_released_at, spread_released_at)
            else greatest(long_released_at, short_released_at)
        end as released_at,
        coalesce(long_value - short_value, spread) as slope,
        coalesce(0.5 * (long_value + short_value), long_value - 0.5 * spread, short_value + 0.5 * spread) as level
    from points
    where long_value is not null and short_value is not null
        or spread is not null and (long_value is not null or short_value is not null)
),

weekly_slopes as (
    select
        weeks.week_start,
        slopes.curve_id,
        max(slopes.reference_date) as reference_date,
        max_by(slopes.released_at, slopes.reference_date) as released_at,
        max_by(slopes.slope, slopes.reference_date) as slope,
        max_by(slopes.level, slopes.reference_date) as level
    from weeks
    inner join slopes on slopes.released_at <= weeks.ends_at
    group by weeks.week_start, slopes.curve_id
),

slope_changes as (
    select
        this.*,
        before.slope as slope_before,
        this.slope - before.slope as slope_change,
        this.level - before.level as level_change
    from weekly_slopes as this
    left join weekly_slopes as before
        on before.curve_id = this.curve_id
        and before.week_start = cast(this.week_start - interval '7 days' as date)
),

usual_changes as (
    select
        this.week_start,
        this.curve_id,
        case when count(earlier.slope_change) >= {{ least_weeks_of_history() }}
            then stddev_samp(earlier.slope_change)
        end as slope_change_sd
    from slope_changes as this
    inner join slope_changes as earlier
        on earlier.curve_id = this.curve_id
        and earlier.week_start < this.week_start
        and earlier.week_start >= this.week_start - interval '{{ history_span_weeks() }} weeks'
    group by this.week_start, this.curve_id
),

curve_rows as (
    select
        changes.week_start,
        changes.curve_id as series_id,
        changes.reference_date,
        changes.released_at,
        changes.slope as value,
        changes.slope_before as previous_value,
        'percentage points' as unit,
        -- By the last day on which both ends are known.
        {{ is_stale_release('changes.released_at', 'weeks.ends_at', "'day'") }} as is_stale,
        {{ curve_label('changes.slope_change', 'changes.level_change', 'usual.slope_change_sd') }} as label,
        curves.name,
        'day' as frequency
    from slope_changes as changes
    inner join weeks on weeks.week_start = changes.week_start
    inner join yield_curves as curves on curves.curve_id = changes.curve_id
    left join usual_changes as usual
        on usual.curve_id = changes.curve_id
        and usual.week_start = changes.week_start
),

-- The next decision after the week, and the future that prices it.
next_meetings as (
    select
        weeks.week_start,
        weeks.ends_at,
        meetings.decided_on,
        meetings.future_series,
        meetings.is_month_after
    from weeks
    inner join fomc_meetings as meetings on cast(meetings.decided_on as timestamp) >= weeks.ends_at
    qualify row_number() over (partition by weeks.week_start order by meetings.decided_on) = 1
),

priced as (
    select
        meetings.week_start,
        meetings.decided_on,
        meetings.is_month_after,
        max(futures.reference_date) as close_date,
        {{ is_stale_release('max_by(rates.released_at, rates.week_start)', 'meetings.ends_at', "'day'") }} as is_stale,
        100e0 - max_by(futures.value, futures.reference_date) as implied_mean_rate,
        max_by(rates.value, rates.week_start) as rate_before
    from next_meetings as meetings
    inner join published as futures
        on futures.dataset = 'asset_class_prices'
        and futures.series = meetings.future_series
        and cast(futures.reference_date as timestamp) < meetings.ends_at
        and cast(futures.reference_date as timestamp) >= meetings.ends_at - interval '7 days'
    inner join latest as rates
        on rates.series_id = 'DFF'
        and rates.week_start = meetings.week_start
    group by meetings.week_start, meetings.ends_at, meetings.decided_on, meetings.is_month_after
),

probabilities as (
    select
        week_start,
        decided_on,
        close_date,
        is_stale,
        {{ cut_probability_pct('rate_before', 'implied_mean_rate', 'decided_on', 'is_month_after') }} as probability_pct
    from priced
),

probability_rows as (
    select
        this.week_start,
        'FED_CUT_PROBABILITY' as series_id,
        this.close_date as reference_date,
        cast(this.close_date as timestamp) + interval '1 day' as released_at,
        this.probability_pct as value,
        before.probability_pct as previous_value,
        'percent' as unit,
        this.is_stale,
        'a cut of 25 bp on ' || cast(this.decided_on as varchar) as label,
        'Probability of a Fed rate cut' as name,
        'day' as frequency
    from probabilities as this
    left join probabilities as before
        on before.week_start = cast(this.week_start - interval '7 days' as date)
        and not before.is_stale
        and before.decided_on = this.decided_on
),

together as (
    select * from series_rows
    union all
    select * from curve_rows
    union all
    select * from probability_rows
)

select
    together.week_start,
    together.series_id,
    together.reference_date,
    together.released_at,
    together.value as value_as_released,
    together.previous_value,
    -- What was published long before the week is no news of it.
    case when not together.is_stale then together.value - together.previous_value end as change,
    together.unit,
    together.is_stale,
    case when not together.is_stale then together.label end as label,
    together.name,
    together.frequency
from together
inner join closed_weeks on closed_weeks.week_start = together.week_start
