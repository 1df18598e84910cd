-- One row per closed week: the state of each dimension, and the word that the desk's table has for them, as the week alone
-- says it and as it is once a better one is confirmed.
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

verdict_ranks as (
    select distinct verdict, rank_from_worst from {{ ref('regime_verdicts') }}
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
        sum(case when evidence.level * states.level < 0 then evidence.weight else 0 end) as opposing
    from evidence
    inner join states on states.dimension = evidence.dimension
    where evidence.vote is not null
    group by evidence.week_start, states.dimension, states.state, states.level
),

-- The farthest state that two of its evidences back; two against two is the middle.
entered as (
    select week_start, dimension, level
    from support
    where backing >= 2 and backing > opposing
    qualify row_number() over (partition by week_start, dimension order by abs(level) desc) = 1
),

-- Week by week: a state stands while two evidences would keep it and none farther out is entered.
levels as (
    select entered.week_start, entered.dimension, entered.level, false as is_held_over
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
        coalesce(kept.backing < 2, false) as is_held_over
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
    select levels.week_start, levels.dimension, states.state, levels.is_held_over
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
        concat_ws(
            ','
            {%- for dimension in dimensions %},
            max(case when decided.dimension = '{{ dimension }}' and decided.is_held_over then '{{ dimension }}' end)
            {%- endfor %}
        ) as held_over_states,
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

-- A run of weeks of one verdict: the difference of two ways of counting weeks stays the same in it.
runs as (
    select
        *,
        row_number() over (order by week_start) as week_number,
        row_number() over (order by week_start) - row_number() over (partition by verdict order by week_start) as run_id
    from named
),

weeks as (
    select
        runs.*,
        verdict_ranks.rank_from_worst,
        lag(runs.verdict) over (order by runs.week_start) as previous_verdict,
        row_number() over (partition by runs.verdict, runs.run_id order by runs.week_start) as weeks_in_verdict
    from runs
    left join verdict_ranks on verdict_ranks.verdict = runs.verdict
),

-- A worse verdict is followed at once; a better one, or that there is none, when it has stood two weeks; after none, any at once.
confirmed as (
    select week_number, verdict, rank_from_worst
    from weeks
    where week_number = 1
    union all
    select
        step.week_number,
        case when step.is_followed then step.verdict else step.standing_verdict end as verdict,
        case when step.is_followed then step.rank_from_worst else step.standing_rank end as rank_from_worst
    from (
        select
            weeks.week_number,
            weeks.verdict,
            weeks.rank_from_worst,
            confirmed.verdict as standing_verdict,
            confirmed.rank_from_worst as standing_rank,
            confirmed.rank_from_worst is null
            or weeks.rank_from_worst <= confirmed.rank_from_worst
            or weeks.weeks_in_verdict >= {{ weeks_to_confirm() }} as is_followed
        from confirmed
        inner join weeks on weeks.week_number = confirmed.week_number + 1
    ) as step
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
    weeks.verdict,
    weeks.previous_verdict,
    cast(weeks.weeks_in_verdict as bigint) as weeks_in_verdict,
    weeks.coverage_pct,
    confirmed.verdict as confirmed_verdict,
    weeks.held_over_states
from weeks
inner join confirmed on confirmed.week_number = weeks.week_number
