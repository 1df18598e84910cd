with evidence as (
    select * from {{ ref('regime_evidence_weekly') }}
),

states as (
    select distinct dimension, state, level from {{ ref('regime_rules') }}
),

-- An evidence backs its own state and every milder one on the same side of the middle.
support as (
    select
        e.week_start,
        s.dimension,
        s.state,
        s.level,
        sum(case
            when s.level = 0 then e.weight
            when s.level > 0 and e.level >= s.level then e.weight
            when s.level < 0 and e.level <= s.level then e.weight
            else 0
        end) as backing
    from evidence e
    inner join states s on e.dimension = s.dimension
    where e.vote is not null
    group by e.week_start, s.dimension, s.state, s.level
),

-- The farthest state that two of its three evidences back.
decided as (
    select week_start, dimension, state
    from support
    where backing >= 2
    qualify row_number() over (partition by week_start, dimension order by abs(level) desc) = 1
),

coverage as (
    select week_start, min(coverage_pct) filter (where vote is not null) as coverage_pct
    from evidence
    group by week_start
),

by_week as (
    select
        c.week_start,
        c.coverage_pct,
        {%- for dimension in ['leverage', 'funding', 'flow', 'volatility', 'correlation', 'breadth', 'macro'] %}
        coalesce(
            max(case when d.dimension = '{{ dimension }}' then d.state end), 'insufficient_data'
        ) as {{ dimension }}_state
        {{- ',' if not loop.last }}
        {%- endfor %}
    from coverage c
    left join decided d on c.week_start = d.week_start
    group by c.week_start, c.coverage_pct
),

-- The first row of the seed that fits says the word.
named as (
    select b.*, coalesce(v.verdict, 'insufficient_data') as verdict
    from by_week b
    left join {{ ref('regime_verdicts') }} v
        on true
        {%- for dimension in ['leverage', 'funding', 'flow', 'volatility', 'correlation', 'breadth', 'macro'] %}
        and (
            v.{{ dimension }}_states = '*'
            or '|' || v.{{ dimension }}_states || '|' like '%|' || b.{{ dimension }}_state || '|%'
        )
        {%- endfor %}
    qualify row_number() over (partition by b.week_start order by v.priority nulls last) = 1
),

beside_previous as (
    select
        *,
        lag(verdict) over (order by week_start) as previous_verdict
    from named
),

runs as (
    select
        *,
        sum(case when verdict = previous_verdict then 0 else 1 end) over (order by week_start) as run_id
    from beside_previous
)

select
    week_start,
    leverage_state,
    funding_state,
    flow_state,
    volatility_state,
    correlation_state,
    breadth_state,
    macro_state,
    verdict,
    previous_verdict,
    row_number() over (partition by run_id order by week_start)::bigint as weeks_in_verdict,
    coverage_pct
from runs
