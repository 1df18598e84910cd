-- One row per day: what all coins with a known supply are worth at its end.
with valued as (
    select
        cast(universe.valued_at - interval '1 day' as date) as market_date,
        universe.is_stablecoin,
        universe.supply_age_days,
        universe.reference_price_usd is null as is_provider_priced,
        universe.circulating_supply * coalesce(universe.reference_price_usd, universe.provider_price_usd) as value_usd
    from {{ ref('core_universe') }} as universe
    inner join {{ ref('core_valuation_times') }} as valuation_times
        on valuation_times.valued_at = universe.valued_at
    where valuation_times.is_day_end
        and universe.circulating_supply is not null
)

select
    market_date,
    sum(value_usd) as total_market_cap_usd,
    coalesce(sum(value_usd) filter (where not is_stablecoin), 0e0) as total_ex_stablecoins_usd,
    count(*) as n_assets,
    max(supply_age_days) as supply_age_days_max,
    100e0 * (coalesce(sum(value_usd) filter (where is_provider_priced), 0e0) / nullif(sum(value_usd), 0)) as share_provider_priced_pct
from valued
where value_usd is not null
group by market_date
