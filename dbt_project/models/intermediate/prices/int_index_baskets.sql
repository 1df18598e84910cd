{{ config(meta={'time_column': 'drifts_to'}) }}
-- One row per index, choice of members and member: its weight, and for how long the basket drifts.
with universe as (
    select * from {{ ref('core_universe') }} where is_eligible
),

valuation_times as (
    select * from {{ ref('core_valuation_times') }}
),

-- The top 30: first on the first day that ends with 30 eligible, then at every rebalancing hour. Where a rebalancing hour
-- has fewer than 30 eligible, the members stay.
deep_enough as (
    select universe.valued_at
    from universe
    group by universe.valued_at
    having count(*) >= {{ top_index_members() }}
),

first_day as (
    select min(valuation_times.valued_at) as valued_at
    from valuation_times
    inner join deep_enough on deep_enough.valued_at = valuation_times.valued_at
    where valuation_times.is_day_end
),

top_choices as (
    select valued_at from first_day
    union
    select valuation_times.valued_at
    from valuation_times
    inner join deep_enough on deep_enough.valued_at = valuation_times.valued_at
    inner join first_day on first_day.valued_at < valuation_times.valued_at
    where valuation_times.is_rebalancing
),

top_members as (
    select
        'top30' as index_id,
        universe.valued_at as chosen_at,
        universe.asset_id,
        universe.market_cap_usd / sum(universe.market_cap_usd) over (partition by universe.valued_at) as weight
    from universe
    inner join top_choices on top_choices.valued_at = universe.valued_at
    where universe.rank <= {{ top_index_members() }}
),

{{ capped_weights('top_members', 'top_capped', ['index_id', 'chosen_at'], top_index_weight_cap()) }},

monday_members as (
    select
        universe.valued_at,
        universe.asset_id,
        universe.sector,
        universe.market_cap_usd
    from universe
    inner join valuation_times on valuation_times.valued_at = universe.valued_at
    where valuation_times.is_monday
),

monday_baskets as (
    select
        'total_market' as index_id,
        valued_at as chosen_at,
        asset_id,
        market_cap_usd / sum(market_cap_usd) over (partition by valued_at) as weight
    from monday_members
    union all
    select
        sector as index_id,
        valued_at as chosen_at,
        asset_id,
        market_cap_usd / sum(market_cap_usd) over (partition by valued_at, sector) as weight
    from monday_members
    where sector is not null
    qualify count(*) over (partition by valued_at, sector) >= {{ least_sector_members() }}
),

-- A Monday's basket drifts for its week; the top 30 drifts until it is next chosen.
top_choices_to as (
    select
        valued_at as chosen_at,
        coalesce(lead(valued_at) over (order by valued_at), {{ now_at() }}) as drifts_to
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
