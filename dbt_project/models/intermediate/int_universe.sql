{{ config(materialized='incremental', meta={'time_column': 'moment_at'}) }}
-- One row per moment and asset that has a price or a supply then: what it is worth, whether it may be chosen, its rank.
with moments as (
    select * from {{ ref('int_moments') }} where {{ within_reach('moment_at') }}
),

prices as (
    select moments.moment_at, prices.asset_id, prices.reference_price_usd
    from moments
    inner join {{ ref('prices_hourly') }} as prices
        on prices.price_at = moments.moment_at
    where {{ within_reach('prices.price_at') }}
        and prices.reference_price_usd is not null
),

supplies as (
    select
        moments.moment_at,
        supplies.asset_id,
        supplies.circulating_supply,
        supplies.provider_price_usd,
        {{ hours_between('supplies.known_at', 'moments.moment_at') }} / 24e0 as supply_age_days
    from moments
    inner join {{ ref('int_supplies') }} as supplies
        on supplies.known_at <= moments.moment_at
        and supplies.next_known_at > moments.moment_at
    where {{ within_reach('supplies.known_at', days=supply_age_limit_days() | int) }}
        and moments.moment_at <= supplies.known_at + interval '{{ supply_age_limit_days() }} days'
),

hours_before as (
    {{ timestamps_from_to('offset_at', "timestamp '1970-01-01 00:00:00'", "timestamp '1970-01-07 23:00:00'", '1 hour') }}
),

hours as (
    select moments.moment_at, moments.moment_at - (hours_before.offset_at - timestamp '1970-01-01 00:00:00') as price_at
    from moments
    cross join hours_before
),

presence as (
    select hours.moment_at, prices.asset_id, count(*) as hours_present
    from hours
    inner join {{ ref('prices_hourly') }} as prices
        on prices.price_at = hours.price_at
    where {{ within_reach('prices.price_at', days=7) }}
        and prices.reference_price_usd is not null and not prices.is_carried
    group by hours.moment_at, prices.asset_id
),

valued as (
    select
        coalesce(prices.moment_at, supplies.moment_at) as moment_at,
        coalesce(prices.asset_id, supplies.asset_id) as asset_id,
        prices.reference_price_usd,
        supplies.provider_price_usd,
        supplies.circulating_supply,
        supplies.supply_age_days,
        prices.reference_price_usd * supplies.circulating_supply as market_cap_usd
    from prices
    full outer join supplies
        on supplies.moment_at = prices.moment_at
        and supplies.asset_id = prices.asset_id
),

judged as (
    select
        valued.*,
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
        on presence.moment_at = valued.moment_at
        and presence.asset_id = valued.asset_id
    left join {{ ref('exclusions') }} as exclusions
        on exclusions.asset_id = valued.asset_id
        and {{ is_valid_at('exclusions', 'valued.moment_at') }}
    left join {{ ref('sectors') }} as sectors
        on sectors.asset_id = valued.asset_id
        and {{ is_valid_at('sectors', 'valued.moment_at') }}
),

ranked as (
    select
        *,
        exclusion_reason is null as is_eligible,
        case when exclusion_reason is null then
            row_number() over (
                partition by moment_at, exclusion_reason is null
                order by market_cap_usd desc, asset_id
            )
        end as rank
    from judged
)

select
    ranked.moment_at,
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
