-- One row per week and evidence: what it measured, and which state of its dimension it votes for.
with weeks as (
    select week_start, cast(week_start + interval '6 days' as date) as last_date
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
),

rules as (
    select * from {{ ref('regime_rules') }}
),

metrics as (
    select * from {{ ref('metrics') }}
),

metric_values as (
    select * from {{ ref('metric_values') }}
),

-- What is ranked is the metric itself, or its like-for-like twin where it has one: a venue that joins or fails does not move it.
evidences as (
    select distinct
        rules.dimension,
        rules.evidence_id,
        rules.metric_id,
        coalesce(like_for_like.metric_id, rules.metric_id) as ranked_metric_id,
        rules.measure,
        rules.weight
    from rules
    left join metrics as like_for_like on like_for_like.like_for_like_of = rules.metric_id
),

values_by_week as (
    select
        weeks.week_start,
        stated.metric_id,
        stated.value,
        stated.n_members,
        stated.chain_id,
        stated.coverage_pct,
        stated.source_table
    from weeks
    inner join metric_values as stated on stated.value_date = weeks.last_date
    where stated.metric_id in (
        select metric_id from evidences
        union all
        select ranked_metric_id from evidences
    )
),

{{ percentiles_of_weeks('values_by_week') }},

-- Every evidence has a row in every week: what is not known votes for nothing, and is seen not to.
judged as (
    select
        weeks.week_start,
        evidences.dimension,
        evidences.evidence_id,
        evidences.metric_id,
        evidences.measure,
        evidences.weight,
        stated.value,
        percentiles.percentile,
        case evidences.measure when 'percentile' then percentiles.percentile else stated.value end as judged_value,
        stated.coverage_pct,
        stated.source_table
    from weeks
    cross join evidences
    left join values_by_week as stated
        on stated.week_start = weeks.week_start
        and stated.metric_id = evidences.metric_id
    left join percentiles
        on percentiles.week_start = weeks.week_start
        and percentiles.metric_id = evidences.ranked_metric_id
),

votes as (
    select
        judged.week_start,
        judged.dimension,
        judged.evidence_id,
        rules.state,
        rules.level,
        rules.from_value,
        rules.to_value
    from judged
    inner join rules
        on rules.dimension = judged.dimension
        and rules.evidence_id = judged.evidence_id
        and judged.coverage_pct >= {{ least_coverage_pct() }}
        and judged.judged_value >= coalesce(rules.from_value, judged.judged_value)
        and (rules.to_value is null or judged.judged_value < rules.to_value)
),

-- A state is left later than it is entered: its range is wider by `leave_by` while it stands.
staying as (
    select
        judged.week_start,
        judged.dimension,
        judged.evidence_id,
        max(case when rules.level > 0 then rules.level end) as stays_up_to,
        min(case when rules.level < 0 then rules.level end) as stays_down_to
    from judged
    inner join rules
        on rules.dimension = judged.dimension
        and rules.evidence_id = judged.evidence_id
        and rules.level <> 0
        and judged.coverage_pct >= {{ least_coverage_pct() }}
        and (rules.from_value is null or judged.judged_value >= rules.from_value - rules.leave_by)
        and (rules.to_value is null or judged.judged_value < rules.to_value + rules.leave_by)
    group by judged.week_start, judged.dimension, judged.evidence_id
),

middles as (
    select dimension, evidence_id, to_value
    from rules
    where level = 0
)

select
    judged.week_start,
    judged.dimension,
    judged.evidence_id,
    judged.metric_id,
    judged.value,
    -- The bound towards the middle, which the measure passed.
    cast(case
        when votes.level <> 0 and votes.from_value >= middles.to_value then votes.from_value
        when votes.level <> 0 then votes.to_value
    end as double) as threshold,
    judged.percentile,
    judged.measure,
    votes.state as vote,
    cast(votes.level as bigint) as level,
    -- The farthest state, on either side, that this evidence would still back had it stood before.
    cast(staying.stays_up_to as bigint) as stays_up_to,
    cast(staying.stays_down_to as bigint) as stays_down_to,
    cast(judged.weight as double) as weight,
    judged.coverage_pct,
    judged.source_table
from judged
left join votes
    on votes.week_start = judged.week_start
    and votes.dimension = judged.dimension
    and votes.evidence_id = judged.evidence_id
left join middles
    on middles.dimension = judged.dimension
    and middles.evidence_id = judged.evidence_id
left join staying
    on staying.week_start = judged.week_start
    and staying.dimension = judged.dimension
    and staying.evidence_id = judged.evidence_id
