-- One row per index, choice of members and member: its weight, and for how long the basket drifts.
with universe as (
    select * from {{ ref('int_universe') }} where is_eligible
),

moments as (
    select * from {{ ref('int_moments') }}
),

-- The top 30: first on the first day that ends with 30 eligible, then at every rebalancing hour. Where a rebalancing hour
-- has fewer than 30 eligible, the members stay.
deep_enough as (
    select universe.moment_at
    from universe
    group by universe.moment_at
    having count(*) >= {{ top_index_members() }}
),

first_day as (
    select min(moments.moment_at) as moment_at
    from moments
    inner join deep_enough on deep_enough.moment_at = moments.moment_at
    where moments.is_day_end
),

top_choices as (
    select moment_at from first_day
    union
    select moments.moment_at
    from moments
    inner join deep_enough on deep_enough.moment_at = moments.moment_at
    inner join first_day on first_day.moment_at < moments.moment_at
    where moments.is_rebalancing
),

top_members as (
    select
        'top30' as index_id,
        universe.moment_at as chosen_at,
        universe.asset_id,
        universe.market_cap_usd / sum(universe.market_cap_usd) over (partition by universe.moment_at) as weight
    from universe
    inner join top_choices on top_choices.moment_at = universe.moment_at
    where universe.rank <= {{ top_index_members() }}
),

{{ capped_weights('top_members', 'top_capped', ['index_id', 'chosen_at'], top_index_weight_cap()) }},

monday_members as (
    select
        universe.moment_at,
        universe.asset_id,
        universe.sector,
        universe.market_cap_usd
    from universe
    inner join moments on moments.moment_at = universe.moment_at
    where moments.is_monday
),

monday_baskets as (
    select
        'total_market' as index_id,
        moment_at as chosen_at,
        asset_id,
        market_cap_usd / sum(market_cap_usd) over (partition by moment_at) as weight
    from monday_members
    union all
    select
        sector as index_id,
        moment_at as chosen_at,
        asset_id,
        market_cap_usd / sum(market_cap_usd) over (partition by moment_at, sector) as weight
    from monday_members
    where sector is not null
    qualify count(*) over (partition by moment_at, sector) >= {{ least_sector_members() }}
),

-- A Monday's basket drifts for its week; the top 30 drifts until it is next chosen.
top_choices_to as (
    select
        moment_at as chosen_at,
        coalesce(lead(moment_at) over (order by moment_at), {{ now_at() }}) as drifts_to
    from top_choices
)

select
    top_capped.index_id,
    top_capped.chosen_at,
    least(top_choices_to.drifts_to, {{ now_at() }}) as drifts_to,
    top_capped.asset_id,
    top_capped.weight
from top_capped
inner join top_choices_to on top_choices_to.chosen_at = top_capped.chosen_at
union all
select
    index_id,
    chosen_at,
    least(chosen_at + interval '7 days', {{ now_at() }}) as drifts_to,
    asset_id,
    weight
from monday_baskets
