-- One row per asset and believable circulating supply: from when it was known to when a newer one was.
with believed as (
    select provided.*
    from {{ ref('int_provider_rows') }} as provided
    left join {{ refused('market_caps') }} as refused
        on refused.venue = provided.provider
        and refused.series = provided.provider_asset_id
        and refused.event_at = provided.observed_at
    where provided.circulating_supply > 0
        and refused.venue is null
    -- Two ids of one coin at one moment: the one that most of its value is listed under.
    qualify row_number() over (
        partition by provided.asset_id, provided.known_at
        order by
            provided.circulating_supply * provided.price_usd desc nulls last,
            provided.provider,
            provided.provider_asset_id
    ) = 1
)

select
    asset_id,
    known_at,
    coalesce(lead(known_at) over (partition by asset_id order by known_at), {{ end_of_time() }}) as next_known_at,
    circulating_supply,
    price_usd as provider_price_usd,
    provider,
    provider_asset_id
from believed
