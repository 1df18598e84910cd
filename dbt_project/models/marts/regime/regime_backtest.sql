-- One row per kind of verdict, verdict and horizon: what followed it, against the same weeks with the verdicts moved along the
-- calendar.
with regimes as (
    select week_start, 'verdict' as verdict_kind, verdict as label
    from {{ ref('regime_weekly') }}
    where verdict <> 'insufficient_data'
    union all
    select week_start, 'confirmed_verdict' as verdict_kind, confirmed_verdict as label
    from {{ ref('regime_weekly') }}
    where verdict <> 'insufficient_data'
),

weeks as (
    select
        week_start,
        verdict_kind,
        label,
        lead(label) over (partition by verdict_kind order by week_start) as next_label,
        row_number() over (partition by verdict_kind order by week_start) - 1 as position,
        count(*) over (partition by verdict_kind) as n_weeks
    from regimes
),

horizons as (
    select chosen.horizon_weeks from (values (1), (4)) as chosen (horizon_weeks)
),

index_weeks as (
    select week_start, ln(1 + return_pct / 100) as log_return
    from {{ ref('index_returns_weekly') }}
    where index_id = 'top30' and window_id = 'mon_mon'
),

-- Squared hourly returns of bitcoin in a week, at the rate of a year.
variance_weeks as (
    select cast(date_trunc('week', price_at - interval '1 hour') as date) as week_start, avg(log_return * log_return) * 8760 as variance
    from {{ ref('prices_hourly') }}
    where asset_id = {{ bitcoin() }} and log_return is not null
    group by 1
),

outcomes as (
    select
        weeks.verdict_kind,
        weeks.position,
        weeks.n_weeks,
        weeks.label,
        horizons.horizon_weeks,
        case when count(index_weeks.log_return) = horizons.horizon_weeks
            then 100e0 * (exp(sum(index_weeks.log_return)) - 1)
        end as return_pct,
        case when count(variance_weeks.variance) = horizons.horizon_weeks
            then 100e0 * sqrt(avg(variance_weeks.variance))
        end as volatility_pct
    from weeks
    cross join horizons
    left join index_weeks
        on index_weeks.week_start > weeks.week_start
        and index_weeks.week_start <= weeks.week_start + interval '7 days' * horizons.horizon_weeks
    left join variance_weeks
        on variance_weeks.week_start = index_weeks.week_start
    group by weeks.verdict_kind, weeks.position, weeks.n_weeks, weeks.label, horizons.horizon_weeks
),

stays as (
    select
        verdict_kind,
        label,
        count(*) as weeks,
        sum(case when next_label <> label then 1 else 0 end) as flips,
        count(next_label) as n_followed,
        cast(count(*) as double) / sum(case when label_before = label then 0 else 1 end) as mean_dwell_weeks
    from (
        select *, lag(label) over (partition by verdict_kind order by position) as label_before
        from weeks
    ) as beside
    group by verdict_kind, label
),

-- Blocks of weeks drawn anew, from the calendar closed to a circle: weeks in a row stay in a row.
drawn as (
    select
        replicates.replicate,
        outcomes.verdict_kind,
        outcomes.horizon_weeks,
        outcomes.label,
        outcomes.return_pct,
        outcomes.volatility_pct
    from ({{ whole_numbers('replicate', 1, bootstrap_replicates()) }}) as replicates
    cross join (select distinct position, n_weeks from outcomes) as places
    inner join outcomes
        on outcomes.position = cast(
            floor({{ draw('replicates.replicate', 'floor(places.position / ' ~ bootstrap_block_weeks() ~ ')') }} * places.n_weeks)
            + places.position % {{ bootstrap_block_weeks() }} as bigint
        ) % places.n_weeks
),

intervals as (
    select
        verdict_kind,
        horizon_weeks,
        label,
        percentile_cont(0.025) within group (order by return_pct) as return_ci_low_pct,
        percentile_cont(0.975) within group (order by return_pct) as return_ci_high_pct,
        percentile_cont(0.025) within group (order by volatility_pct) as volatility_ci_low_pct,
        percentile_cont(0.975) within group (order by volatility_pct) as volatility_ci_high_pct
    from (
        select
            replicate, verdict_kind, horizon_weeks, label, avg(return_pct) as return_pct, avg(volatility_pct) as volatility_pct
        from drawn
        group by replicate, verdict_kind, horizon_weeks, label
    ) as replicated
    group by verdict_kind, horizon_weeks, label
),

-- The labels moved along by 1, 2, 3 … weeks: as sticky as before, and about other weeks.
moved as (
    select
        shifts.shift,
        outcomes.verdict_kind,
        outcomes.horizon_weeks,
        labels.label,
        avg(outcomes.return_pct) as return_pct,
        avg(outcomes.volatility_pct) as volatility_pct
    from outcomes
    inner join (select distinct position as shift from weeks where position > 0) as shifts on true
    inner join weeks as labels
        on labels.verdict_kind = outcomes.verdict_kind
        and labels.position = (outcomes.position + shifts.shift) % outcomes.n_weeks
    group by shifts.shift, outcomes.verdict_kind, outcomes.horizon_weeks, labels.label
),

overall as (
    select verdict_kind, horizon_weeks, avg(return_pct) as return_pct, avg(volatility_pct) as volatility_pct
    from outcomes
    group by verdict_kind, horizon_weeks
),

labelled as (
    select
        verdict_kind,
        label,
        horizon_weeks,
        count(return_pct) as n_outcomes,
        avg(return_pct) as return_pct,
        avg(volatility_pct) as volatility_pct
    from outcomes
    group by verdict_kind, label, horizon_weeks
),

shuffled as (
    select
        labelled.verdict_kind,
        labelled.label,
        labelled.horizon_weeks,
        avg(moved.return_pct) as return_pct,
        avg(moved.volatility_pct) as volatility_pct,
        -- Equal but for the last bits of a sum is equal: as far off as the label itself.
        avg(case
            when round(abs(moved.return_pct - overall.return_pct), 9)
                >= round(abs(labelled.return_pct - overall.return_pct), 9)
                then 1e0
            else 0e0
        end) as return_p_value,
        avg(case
            when round(abs(moved.volatility_pct - overall.volatility_pct), 9)
                >= round(abs(labelled.volatility_pct - overall.volatility_pct), 9)
                then 1e0
            else 0e0
        end) as volatility_p_value
    from labelled
    inner join overall
        on overall.verdict_kind = labelled.verdict_kind
        and overall.horizon_weeks = labelled.horizon_weeks
    inner join moved
        on moved.verdict_kind = labelled.verdict_kind
        and moved.label = labelled.label
        and moved.horizon_weeks = labelled.horizon_weeks
        and moved.return_pct is not null
    group by labelled.verdict_kind, labelled.label, labelled.horizon_weeks
)

select
    labelled.verdict_kind,
    labelled.label,
    cast(labelled.horizon_weeks as bigint) as horizon_weeks,
    stays.weeks,
    stays.mean_dwell_weeks,
    cast(stays.flips as double) / nullif(stays.n_followed, 0) as flip_rate,
    labelled.n_outcomes,
    labelled.return_pct as forward_return_pct,
    case when labelled.n_outcomes >= {{ least_weeks_of_label() }} then intervals.return_ci_low_pct end as forward_return_ci_low_pct,
    case when labelled.n_outcomes >= {{ least_weeks_of_label() }} then intervals.return_ci_high_pct end as forward_return_ci_high_pct,
    labelled.volatility_pct as forward_volatility_pct,
    case when labelled.n_outcomes >= {{ least_weeks_of_label() }} then intervals.volatility_ci_low_pct end as forward_volatility_ci_low_pct,
    case when labelled.n_outcomes >= {{ least_weeks_of_label() }} then intervals.volatility_ci_high_pct end as forward_volatility_ci_high_pct,
    shuffled.return_pct as shuffled_return_pct,
    shuffled.volatility_pct as shuffled_volatility_pct,
    case when labelled.return_pct is not null then shuffled.return_p_value end as return_p_value,
    case when labelled.volatility_pct is not null then shuffled.volatility_p_value end as volatility_p_value
from labelled
inner join stays
    on stays.verdict_kind = labelled.verdict_kind
    and stays.label = labelled.label
left join intervals
    on intervals.verdict_kind = labelled.verdict_kind
    and intervals.label = labelled.label
    and intervals.horizon_weeks = labelled.horizon_weeks
left join shuffled
    on shuffled.verdict_kind = labelled.verdict_kind
    and shuffled.label = labelled.label
    and shuffled.horizon_weeks = labelled.horizon_weeks
