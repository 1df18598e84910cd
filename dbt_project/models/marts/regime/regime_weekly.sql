-- One row per closed week: the state of each dimension, and the word that the desk's table has for them.
{% set dimensions = ['leverage', 'funding', 'flow', 'volatility', 'correlation', 'breadth', 'macro'] %}

with recursive evidence as (
    select * from {{ ref('regime_evidence_weekly') }}
),

states as (
    select distinct dimension, state, level from {{ ref('regime_rules') }}
),

verdict_rules as (
    select * from {{ ref('regime_verdicts') }}
),

-- An evidence backs its own state and every milder one on the same side of the middle.
support as (
    select
        evidence.week_start,
        states.dimension,
        states.state,
        states.level,
        sum(case
            when states.level = 0 then evidence.weight
            when states.level > 0 and evidence.level >= states.level then evidence.weight
            when states.level < 0 and evidence.level <= states.level then evidence.weight
            else 0
        end) as backing,
        sum(case
            when states.level > 0 and evidence.stays_up_to >= states.level then evidence.weight
            when states.level < 0 and evidence.stays_down_to <= states.level then evidence.weight
            else 0
        end) as backing_to_stay,
        sum(evidence.weight) as voting
    from evidence
    inner join states on states.dimension = evidence.dimension
    where evidence.vote is not null
    group by evidence.week_start, states.dimension, states.state, states.level
),

-- The farthest state that two of its evidences back.
entered as (
    select week_start, dimension, level, backing = voting as is_unanimous
    from support
    where backing >= 2
    qualify row_number() over (partition by week_start, dimension order by abs(level) desc) = 1
),

-- Week by week: a state stands while two evidences would keep it and none farther out is entered.
levels as (
    select entered.week_start, entered.dimension, entered.level, entered.is_unanimous
    from entered
    where not exists (
        select 1
        from entered as week_before
        where week_before.dimension = entered.dimension
            and week_before.week_start = cast(entered.week_start - interval '7 days' as date)
    )
    union all
    select
        entered.week_start,
        entered.dimension,
        case when kept.level is not null then levels.level else entered.level end as level,
        entered.is_unanimous and kept.level is null as is_unanimous
    from levels
    inner join entered
        on entered.dimension = levels.dimension
        and entered.week_start = cast(levels.week_start + interval '7 days' as date)
    left join support as kept
        on kept.dimension = levels.dimension
        and kept.week_start = entered.week_start
        and kept.level = levels.level
        and kept.backing_to_stay >= 2
        and entered.level * levels.level >= 0
        and abs(levels.level) > abs(entered.level)
),

decided as (
    select levels.week_start, levels.dimension, states.state, levels.is_unanimous
    from levels
    inner join states
        on states.dimension = levels.dimension
        and states.level = levels.level
),

-- What has no value (stale, too young, not there) is covered by nothing.
coverage as (
    select
        week_start,
        min(case when vote is not null then coverage_pct end) * count(coverage_pct) / count(*) as coverage_pct
    from evidence
    group by week_start
),

by_week as (
    select
        coverage.week_start,
        coverage.coverage_pct,
        coalesce(bool_and(decided.is_unanimous), false) as is_unanimous,
        {%- for dimension in dimensions %}
        coalesce(
            max(case when decided.dimension = '{{ dimension }}' then decided.state end), 'insufficient_data'
        ) as {{ dimension }}_state
        {{- ',' if not loop.last }}
        {%- endfor %}
    from coverage
    left join decided on decided.week_start = coverage.week_start
    group by coverage.week_start, coverage.coverage_pct
),

-- The first row of the seed that fits says the word.
named as (
    select by_week.*, coalesce(verdict_rules.verdict, 'insufficient_data') as verdict
    from by_week
    left join verdict_rules
        on true
        {%- for dimension in dimensions %}
        and (
            verdict_rules.{{ dimension }}_states = '*'
            or '|' || verdict_rules.{{ dimension }}_states || '|' like '%|' || by_week.{{ dimension }}_state || '|%'
        )
        {%- endfor %}
    qualify row_number() over (partition by by_week.week_start order by verdict_rules.priority nulls last) = 1
),

weeks as (
    select *, row_number() over (order by week_start) as week_number
    from named
),

-- A verdict stands at least two weeks, unless all evidence speaks for another one.
verdicts as (
    select week_number, verdict, cast(null as varchar) as previous_verdict, 1 as weeks_in_verdict
    from weeks
    where week_number = 1
    union all
    select
        weeks.week_number,
        case when standing.is_kept then standing.verdict else weeks.verdict end as verdict,
        standing.verdict as previous_verdict,
        case
            when standing.is_kept or standing.verdict = weeks.verdict then standing.weeks_in_verdict + 1
            else 1
        end as weeks_in_verdict
    from (
        select
            verdicts.*,
            next_week.week_number as next_number,
            verdicts.verdict <> 'insufficient_data'
            and next_week.verdict <> 'insufficient_data'
            and verdicts.weeks_in_verdict < {{ least_weeks_in_verdict() }}
            and not next_week.is_unanimous as is_kept
        from verdicts
        inner join weeks as next_week on next_week.week_number = verdicts.week_number + 1
    ) as standing
    inner join weeks on weeks.week_number = standing.next_number
)

select
    weeks.week_start,
    weeks.leverage_state,
    weeks.funding_state,
    weeks.flow_state,
    weeks.volatility_state,
    weeks.correlation_state,
    weeks.breadth_state,
    weeks.macro_state,
    verdicts.verdict,
    verdicts.previous_verdict,
    cast(verdicts.weeks_in_verdict as bigint) as weeks_in_verdict,
    weeks.coverage_pct,
    weeks.verdict as verdict_of_the_week,
    weeks.is_unanimous
from weeks
inner join verdicts on verdicts.week_number = weeks.week_number
