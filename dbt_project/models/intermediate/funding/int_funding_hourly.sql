{{ config(materialized='incremental', meta={'time_column': 'hour_at', 'rebuilt_since': 'int_funding_rebuild', 'look_back_days': 1}) }}
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
    select venue, cast(power(2, row_number() over (order by first_held_at, venue) - 1) as bigint) as venue_bit
    from venues
),

settlements as (
    select * from {{ recent(ref('int_funding_settlements')) }} as settlements
),

open_interest as (
    select * from {{ recent(ref('int_open_interest_hourly')) }} as open_interest
),

missing as (
    select * from {{ recent(ref('int_funding_missing')) }} as missing
),

held as (
    select
        venue,
        venue_symbol,
        asset_id,
        settled_hour_at,
        funding_rate_annualised_pct,
        {{ each_hour(add_hours('settled_hour_at', '1 - interval_hours'), 'settled_hour_at') }} as hour_at
    from settlements
),

instrument_hours as (
    select
        held.asset_id,
        held.hour_at,
        venue_bits.venue_bit,
        held.settled_hour_at = held.hour_at as is_settlement,
        held.funding_rate_annualised_pct as rate_pct,
        open_interest.open_interest_usd as weight_usd
    from held
    inner join venue_bits on venue_bits.venue = held.venue
    left join open_interest
        on open_interest.venue = held.venue
        and open_interest.venue_symbol = held.venue_symbol
        and open_interest.valued_at = held.hour_at - interval '1 hour'
    union all
    select asset_id, due_at as hour_at, 0 as venue_bit, false as is_settlement, null as rate_pct, null as weight_usd
    from missing
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
    cast(n_rates as bigint) as n_rates,
    cast(n_weighted as bigint) as n_weighted,
    rate_sum_pct,
    weight_usd,
    weighted_rate_sum,
    cast(n_negative as bigint) as n_negative,
    coalesce(negative_weight_usd, 0) as negative_weight_usd,
    cast(n_below_neutral as bigint) as n_below_neutral,
    coalesce(below_neutral_weight_usd, 0) as below_neutral_weight_usd,
    cast(n_settlements as bigint) as n_settlements,
    cast(n_expected_settlements as bigint) as n_expected_settlements
from together
