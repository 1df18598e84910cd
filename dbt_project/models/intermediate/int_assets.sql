-- One row per asset that any source knows, with the ticker it is shown under.
with named as (
    select asset_id, symbol, 0 as precedence from {{ ref('assets') }}
    union all
    select asset_id, symbol, 1 as precedence from {{ ref('int_provider_assets') }}
    union all
    select asset_id, upper({{ base_without_multiplier('base') }}) as symbol, 2 as precedence from {{ ref('int_instruments') }}
)

select
    asset_id,
    coalesce(
        min(symbol) filter (where precedence = 0),
        min(symbol) filter (where precedence = 1),
        min(symbol) filter (where precedence = 2),
        asset_id
    ) as symbol
from named
group by asset_id
