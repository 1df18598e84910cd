{{ config(pre_hook="{{ keep_previous_state() }}") }}
-- Whether a symbol's observations count, and if not, why. A provider once mixed `BTC` beside `BTCUSDT` into one venue,
-- doubling it: a symbol that neither trades nor settles at a venue whose other symbols do is not an instrument of it.
with traded as (
    select distinct venue, venue_symbol
    from {{ symbols_seen() }} as seen
    where dataset in ('candles', 'funding_rates') and market_type = 'perp'
),

trading_venues as (
    select distinct venue from traded
),

judged as (
    select
        seen.venue,
        seen.venue_symbol,
        traded.venue_symbol is null and trading_venues.venue is not null as is_quarantined
    from {{ symbols_seen() }} as seen
    left join traded on traded.venue = seen.venue and traded.venue_symbol = seen.venue_symbol
    left join trading_venues on trading_venues.venue = seen.venue
    where seen.dataset = 'open_interest'
)

select
    venue,
    venue_symbol,
    is_quarantined,
    case when is_quarantined then 'neither candles nor settlements at a venue that has others with them' end as reason
from judged
