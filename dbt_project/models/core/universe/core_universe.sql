{{ config(materialized='incremental', meta={'time_column': 'valued_at', 'look_back_days': 7}) }}
-- One row per valuation time and asset that has a price or a supply then: what it is worth, whether it may be chosen, its rank.
with valuation_times as (
    select * from {{ recent(ref('core_valuation_times'), days=0) }} as rewritten
),

prices as (
    select
        valuation_times.valued_at,
        prices.asset_id,
        prices.reference_price_usd,
        prices.venue,
        prices.market_type,
        prices.venue_symbol
    from valuation_times
    inner join {{ recent(ref('core_prices_hourly')) }} as prices
        on prices.price_at = valuation_times.valued_at
    where prices.reference_price_usd is not null
),

believed as (
    select provided.*
    from {{ recent(ref('core_provider_rows'), days=supply_age_limit_days() | int + 1) }} as provided
    left join {{ refused('market_caps') }} as refused
        on refused.venue = provided.provider
        and refused.series = provided.provider_asset_id
        and refused.event_at = provided.observed_at
    where provided.circulating_supply > 0
        and refused.venue is null
    -- Two ids of one coin at one time: the one that most of its value is listed under.
    qualify row_number() over (
        partition by provided.asset_id, provided.known_at
        order by
            provided.circulating_supply * provided.price_usd desc nulls last,
            provided.provider,
            provided.provider_asset_id
    ) = 1
),

-- Each supply from when it was known until a newer one was.
known_supplies as (
    select
        asset_id,
        known_at,
        coalesce(lead(known_at) over (partition by asset_id order by known_at), {{ end_of_time() }}) as next_known_at,
        circulating_supply,
        price_usd as provider_price_usd
    from believed
),

supplies as (
    select
        valuation_times.valued_at,
        supplies.asset_id,
        supplies.known_at,
        supplies.circulating_supply,
        supplies.provider_price_usd,
        {{ hours_between('supplies.known_at', 'valuation_times.valued_at') }} / 24e0 as supply_age_days
    from valuation_times
    inner join known_supplies as supplies
        on supplies.known_at <= valuation_times.valued_at
        and supplies.next_known_at > valuation_times.valued_at
    where valuation_times.valued_at <= supplies.known_at + interval '{{ supply_age_limit_days() }} days'
),

hours_before as (
    {{ timestamps_from_to('offset_at', "timestamp '1970-01-01 00:00:00'", "timestamp '1970-01-07 23:00:00'", '1 hour') }}
),

hours as (
    select valuation_times.valued_at, valuation_times.valued_at - (hours_before.offset_at - timestamp '1970-01-01 00:00:00') as price_at
    from valuation_times
    cross join hours_before
),

presence as (
    select hours.valued_at, prices.asset_id, count(*) as hours_present
    from hours
    inner join {{ recent(ref('core_prices_hourly')) }} as prices
        on prices.price_at = hours.price_at
    where prices.reference_price_usd is not null
        and not prices.is_carried
    group by hours.valued_at, prices.asset_id
),

-- A supply of before a change of unit, in the unit of the price; unknown where the change is only suspected.
changed as (
    select
        prices.valued_at,
        prices.asset_id,
        case when count(*) = 1
            then max(changes.units_per_old_unit)
            else exp(sum(ln(changes.units_per_old_unit)))
        end as units_per_old_unit,
        min(case when changes.is_confirmed then 1 else 0 end) = 1 as is_confirmed
    from prices
    inner join supplies
        on supplies.valued_at = prices.valued_at
        and supplies.asset_id = prices.asset_id
    inner join {{ recent(ref('core_unit_changes'), days=supply_age_limit_days() | int + 1) }} as changes
        on changes.venue = prices.venue
        and changes.market_type = prices.market_type
        and changes.venue_symbol = prices.venue_symbol
        and changes.changed_at > supplies.known_at
        and changes.changed_at <= prices.valued_at
    group by prices.valued_at, prices.asset_id
),

valued as (
    select
        coalesce(prices.valued_at, supplies.valued_at) as valued_at,
        coalesce(prices.asset_id, supplies.asset_id) as asset_id,
        prices.reference_price_usd,
        supplies.provider_price_usd,
        case
            when changed.asset_id is null then supplies.circulating_supply
            when changed.is_confirmed then supplies.circulating_supply * changed.units_per_old_unit
        end as circulating_supply,
        supplies.supply_age_days
    from prices
    full outer join supplies
        on supplies.valued_at = prices.valued_at
        and supplies.asset_id = prices.asset_id
    left join changed
        on changed.valued_at = prices.valued_at
        and changed.asset_id = prices.asset_id
),

judged as (
    select
        valued.*,
        valued.reference_price_usd * valued.circulating_supply as market_cap_usd,
        coalesce(presence.hours_present, 0) as hours_present,
        exclusions.exclusion_reason as class_excluded,
        sectors.sector,
        case
            when exclusions.exclusion_reason is not null then exclusions.exclusion_reason
            when valued.reference_price_usd is null then 'no_price'
            when valued.circulating_supply is null then 'no_supply'
            when coalesce(presence.hours_present, 0) < {{ least_share_of_hours() }} * 168 then 'too_few_hours'
        end as exclusion_reason
    from valued
    left join presence
        on presence.valued_at = valued.valued_at
        and presence.asset_id = valued.asset_id
    left join {{ ref('exclusions') }} as exclusions
        on exclusions.asset_id = valued.asset_id
        and {{ is_valid_at('exclusions', 'valued.valued_at') }}
    left join {{ ref('sectors') }} as sectors
        on sectors.asset_id = valued.asset_id
        and {{ is_valid_at('sectors', 'valued.valued_at') }}
),

ranked as (
    select
        *,
        exclusion_reason is null as is_eligible,
        case when exclusion_reason is null then
            row_number() over (
                partition by valued_at, exclusion_reason is null
                order by market_cap_usd desc, asset_id
            )
        end as rank
    from judged
)

select
    ranked.valued_at,
    ranked.asset_id,
    ranked.rank,
    buckets.rank_bucket,
    ranked.sector,
    ranked.reference_price_usd,
    ranked.provider_price_usd,
    ranked.circulating_supply,
    ranked.supply_age_days,
    ranked.market_cap_usd,
    ranked.hours_present,
    ranked.is_eligible,
    ranked.exclusion_reason,
    coalesce(ranked.class_excluded = 'stablecoin', false) as is_stablecoin
from ranked
left join {{ ref('rank_buckets') }} as buckets
    on ranked.rank between buckets.rank_from and buckets.rank_to
