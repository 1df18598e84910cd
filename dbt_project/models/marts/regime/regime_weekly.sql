with recursive evidence as (
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
        end) as backing,
        sum(case
            when s.level > 0 and e.stays_up_to >= s.level then e.weight
            when s.level < 0 and e.stays_down_to <= s.level then e.weight
            else 0
        end) as backing_to_stay,
        sum(e.weight) as voting
    from evidence e
    inner join states s on e.dimension = s.dimension
    where e.vote is not null
    group by e.week_start, s.dimension, s.state, s.level
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
    select e.week_start, e.dimension, e.level, e.is_unanimous
    from entered e
    where not exists (
        select 1 from entered b
        where b.dimension = e.dimension and b.week_start = cast(e.week_start - interval '7 days' as date)
    )
    union all
    select
        e.week_start,
        e.dimension,
        case when s.level is not null then l.level else e.level end as level,
        e.is_unanimous and s.level is null as is_unanimous
    from levels l
    inner join entered e
        on e.dimension = l.dimension
        and e.week_start = cast(l.week_start + interval '7 days' as date)
    left join support s
        on s.dimension = l.dimension
        and s.week_start = e.week_start
        and s.level = l.level
        and s.backing_to_stay >= 2
        and e.level * l.level >= 0
        and abs(l.level) > abs(e.level)
),

decided as (
    select l.week_start, l.dimension, s.state, l.is_unanimous
    from levels l
    inner join states s on s.dimension = l.dimension and s.level = l.level
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
        coalesce(bool_and(d.is_unanimous), false) as is_unanimous,
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

-- A verdict stands at least two weeks, unless all evidence speaks for another one.
weeks as (
    select *, row_number() over (order by week_start) as week_number
    from named
),

verdicts as (
    select week_number, verdict, cast(null as varchar) as previous_verdict, 1 as weeks_in_verdict
    from weeks
    where week_number = 1
    union all
    select
        w.week_number,
        case when v.is_kept then v.verdict else w.verdict end as verdict,
        v.verdict as previous_verdict,
        case when v.is_kept or v.verdict = w.verdict then v.weeks_in_verdict + 1 else 1 end as weeks_in_verdict
    from (
        select
            before.*,
            next_week.week_number as next_number,
            before.verdict <> 'insufficient_data'
            and next_week.verdict <> 'insufficient_data'
            and before.weeks_in_verdict < {{ least_weeks_in_verdict() }}
            and not next_week.is_unanimous as is_kept
        from verdicts before
        inner join weeks next_week on next_week.week_number = before.week_number + 1
    ) v
    inner join weeks w on w.week_number = v.next_number
)

select
    w.week_start,
    w.leverage_state,
    w.funding_state,
    w.flow_state,
    w.volatility_state,
    w.correlation_state,
    w.breadth_state,
    w.macro_state,
    v.verdict,
    v.previous_verdict,
    v.weeks_in_verdict::bigint as weeks_in_verdict,
    w.coverage_pct,
    w.verdict as verdict_of_the_week,
    w.is_unanimous
from weeks w
inner join verdicts v on v.week_number = w.week_number
