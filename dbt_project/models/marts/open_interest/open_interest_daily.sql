{{ config(materialized='incremental', meta={'time_column': 'market_date'}) }}
select
    market_date,
    venue,
    asset_id,
    sum(open_interest_usd) filter (where is_observed) as open_interest_usd,
    -- One symbol whose coins are unknown makes the sum unknown.
    case
        when count(*) filter (where is_observed and open_interest_base is null) = 0
            then sum(open_interest_base) filter (where is_observed)
    end as open_interest_base,
    bool_and(is_inverse) filter (where is_observed) as is_inverse,
    100 * sum(open_interest_usd) filter (where is_observed) / nullif(sum(open_interest_usd), 0) as coverage_pct
from {{ recent(ref('int_open_interest_days')) }} as symbol_days
group by market_date, venue, asset_id
having count(*) filter (where is_observed) > 0
