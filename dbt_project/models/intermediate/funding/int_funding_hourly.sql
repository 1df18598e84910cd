{{ config(materialized='incremental', meta={'time_column': 'hour_at', 'rebuilt_since': 'int_funding_rebuild'}) }}
-- A rate holds for the hours of the interval that ends at its settlement. What an hour's means and shares need, summed
-- over an asset's instruments, so that any window can be weighed by open interest or equally. `ALL` is every instrument.
-- A set of venues as the bits of one number: sets of hours can be united into a window's, and counted. The bit is by age: a
-- venue that comes later, whatever its name, leaves the older ones theirs.
with venues as (
    select venue, min({{ add_hours('settled_hour_at', '-interval_hours') }}) as first_held_at
    from {{ ref('int_funding_settlements') }}
    group by venue
),

venue_bits as (
    select venue, power(2, row_number() over (order by first_held_at, venue) - 1)::bigint as venue_bit
    from venues
),

held as (
    select
        venue,
        venue_symbol,
        asset_id,
        settled_hour_at,
        funding_rate_annualised_pct,
        {{ each_hour(add_hours('settled_hour_at', '1 - interval_hours'), 'settled_hour_at') }} as hour_at
    from {{ ref('int_funding_settlements') }}
    where {{ within_reach('settled_hour_at', since='int_funding_rebuild') }}
),

instrument_hours as (
    select
        h.asset_id,
        h.hour_at,
        v.venue_bit,
        h.settled_hour_at = h.hour_at as is_settlement,
        h.funding_rate_annualised_pct as rate_pct,
        o.open_interest_usd as weight_usd
    from held h
    inner join venue_bits v on h.venue = v.venue
    left join {{ ref('int_open_interest_hourly') }} o
        on h.venue = o.venue
        and h.venue_symbol = o.venue_symbol
        and h.hour_at - interval '1 hour' = o.valued_at
        and {{ within_reach('o.valued_at', days=1, since='int_funding_rebuild') }}
    where {{ within_reach('h.hour_at', since='int_funding_rebuild') }}
    union all
    select asset_id, due_at as hour_at, 0 as venue_bit, false as is_settlement, null as rate_pct, null as weight_usd
    from {{ ref('int_funding_missing') }}
    where {{ within_reach('due_at', since='int_funding_rebuild') }}
),

asset_hours as (
    select
        asset_id,
        hour_at,
        bit_or(venue_bit) as venue_bits,
        count(rate_pct) as n_rates,
        count(weight_usd) as n_weighted,
        sum(rate_pct) as rate_sum_pct,
        sum(weight_usd) as weight_usd,
        sum(weight_usd * rate_pct) as weighted_rate_sum,
        sum(case when {{ is_negative_funding('rate_pct') }} then 1 else 0 end) as n_negative,
        sum(case when {{ is_negative_funding('rate_pct') }} then weight_usd end) as negative_weight_usd,
        sum(case when {{ is_below_neutral_funding('rate_pct') }} then 1 else 0 end) as n_below_neutral,
        sum(case when {{ is_below_neutral_funding('rate_pct') }} then weight_usd end) as below_neutral_weight_usd,
        sum(case when is_settlement then 1 else 0 end) as n_settlements,
        sum(case when is_settlement or rate_pct is null then 1 else 0 end) as n_expected_settlements
    from instrument_hours
    group by asset_id, hour_at
),

market_hours as (
    select
        'ALL' as asset_id,
        hour_at,
        bit_or(venue_bits) as venue_bits,
{%- set summed = ['n_rates', 'n_weighted', 'rate_sum_pct', 'weight_usd', 'weighted_rate_sum', 'n_negative',
                  'negative_weight_usd', 'n_below_neutral', 'below_neutral_weight_usd', 'n_settlements',
                  'n_expected_settlements'] %}
{%- for column in summed %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
{%- endfor %}
    from asset_hours
    group by hour_at
),

together as (
    select * from asset_hours
    union all
    select * from market_hours
)

select
    asset_id,
    hour_at,
    venue_bits,
    n_rates::bigint as n_rates,
    n_weighted::bigint as n_weighted,
    rate_sum_pct,
    weight_usd,
    weighted_rate_sum,
    n_negative::bigint as n_negative,
    coalesce(negative_weight_usd, 0) as negative_weight_usd,
    n_below_neutral::bigint as n_below_neutral,
    coalesce(below_neutral_weight_usd, 0) as below_neutral_weight_usd,
    n_settlements::bigint as n_settlements,
    n_expected_settlements::bigint as n_expected_settlements
from together
