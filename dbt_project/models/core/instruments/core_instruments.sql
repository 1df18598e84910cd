-- The instruments that count: those on coins, from when they trade for real. Every crypto figure reads these, and none of the rest.
select
    venue,
    market_type,
    venue_symbol,
    asset_id,
    base,
    quote,
    multiplier,
    contract_size,
    is_inverse,
    is_listed,
    is_active,
    listed_at,
    greatest(valid_from, coalesce(premarket_until, valid_from)) as valid_from,
    valid_to
from {{ ref('core_known_instruments') }}
where asset_class = 'crypto'
    and not is_premarket
    and greatest(valid_from, coalesce(premarket_until, valid_from)) < valid_to
