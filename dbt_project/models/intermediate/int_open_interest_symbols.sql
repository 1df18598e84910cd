{{ config(pre_hook="{{ keep_previous_state() }}") }}
-- Whether a symbol's observations count, and if not, why. A provider once mixed `BTC` beside `BTCUSDT` into one venue,
-- doubling it: a symbol that neither trades nor settles at a venue whose other symbols do is not an instrument of it.
with traded as (
    select distinct venue, venue_symbol
    from {{ ref('int_symbols_seen') }}
    where dataset in ('candles', 'funding_rates') and market_type = 'perp'
),

judged as (
    select
        o.venue,
        o.venue_symbol,
        t.venue_symbol is null and v.venue is not null as is_quarantined
    from {{ ref('int_symbols_seen') }} o
    left join traded t on o.venue = t.venue and o.venue_symbol = t.venue_symbol
    left join (select distinct venue from traded) v on o.venue = v.venue
    where o.dataset = 'open_interest'
)

select
    venue,
    venue_symbol,
    is_quarantined,
    case when is_quarantined then 'neither candles nor settlements at a venue that has others with them' end as reason
from judged
