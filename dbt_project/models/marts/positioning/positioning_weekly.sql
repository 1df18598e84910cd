with instruments as (
    select week_start, asset_id, venue, n_observations, expected_observations, long_account_share, open_interest_usd
    from {{ ref('int_long_short_weeks') }}
    union all
    select
        week_start, 'ALL' as asset_id, venue, n_observations, expected_observations, long_account_share, open_interest_usd
    from {{ ref('int_long_short_weeks') }}
),

summed as (
    select
        week_start,
        asset_id,
        count(distinct venue) filter (where long_account_share is not null) as n_venues,
        count(long_account_share) as n_instruments,
        count(long_account_share) filter (where open_interest_usd > 0) as n_weighted,
        sum(n_observations) as n_observations,
        sum(expected_observations) as expected_observations,
        sum(n_observations) filter (where expected_observations is not null) as n_due_observations,
        avg(long_account_share) as plain_share,
        sum(long_account_share * open_interest_usd)
            / nullif(sum(open_interest_usd) filter (where long_account_share is not null), 0) as weighted_share
    from instruments
    group by week_start, asset_id
),

shares as (
    select
        *,
        case
            when n_instruments = 0 then null
            when n_weighted >= {{ least_weighted_share() }} * n_instruments then 'open_interest'
            else 'equal'
        end as weighting
    from summed
),

accounts as (
    select
        *,
        case weighting when 'open_interest' then weighted_share when 'equal' then plain_share end as long_share
    from shares
),

funding as (
    select week_start, asset_id, share_of_open_interest_negative_pct, weighting
    from {{ ref('funding_weekly') }}
    where window_id = 'mon_mon'
)

select
    coalesce(accounts.week_start, funding.week_start) as week_start,
    coalesce(accounts.asset_id, funding.asset_id) as asset_id,
    accounts.long_share / nullif(1 - accounts.long_share, 0) as long_short_account_ratio,
    accounts.weighting as long_short_weighting,
    funding.share_of_open_interest_negative_pct as share_of_open_interest_negative_funding_pct,
    funding.weighting as funding_weighting,
    -- No dated future is ingested, so that no basis can be known.
    cast(null as double) as basis_90d_annualised_pct,
    coalesce(accounts.n_venues, 0) as n_venues,
    cast(coalesce(accounts.n_observations, 0) as bigint) as n_observations,
    cast(accounts.expected_observations as bigint) as expected_observations,
    100 * accounts.n_due_observations / cast(nullif(accounts.expected_observations, 0) as double) as coverage_pct
from accounts
full outer join funding
    on funding.week_start = accounts.week_start
    and funding.asset_id = accounts.asset_id
