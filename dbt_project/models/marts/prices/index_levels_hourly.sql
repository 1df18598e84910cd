{{ config(meta={'time_column': 'level_at'}) }}
-- One row per index and hour: one basket's end is the next one's beginning.
with baskets as (
    select * from {{ ref('int_index_baskets') }}
),

chosen as (
    select index_id, chosen_at, max(drifts_to) as drifts_to, count(*) as n_members
    from baskets
    group by index_id, chosen_at
),

drifted as (
    select * from {{ ref('int_index_drifts') }}
),

chained as (
    select
        chosen.index_id,
        chosen.chosen_at,
        chosen.n_members,
        1000e0 * coalesce(exp(sum(ln(ends.growth)) over (
            partition by chosen.index_id
            order by chosen.chosen_at
            rows between unbounded preceding and 1 preceding
        )), 1e0) as base_level,
        lag(chosen.drifts_to) over (partition by chosen.index_id order by chosen.chosen_at) as chosen_before_to
    from chosen
    left join drifted as ends
        on ends.index_id = chosen.index_id
        and ends.chosen_at = chosen.chosen_at
        and ends.level_at = chosen.drifts_to
)

select
    drifted.index_id,
    drifted.level_at,
    chained.base_level * drifted.growth as level,
    chained.n_members
from drifted
inner join chained
    on chained.index_id = drifted.index_id
    and chained.chosen_at = drifted.chosen_at
union all
-- The hour at which an index begins, or begins again after weeks with too few members.
select
    index_id,
    chosen_at as level_at,
    base_level as level,
    n_members
from chained
where chosen_before_to is null or chosen_before_to < chosen_at
