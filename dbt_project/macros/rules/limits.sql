{# The limits of the definitions, each named once. #}

{# Share of the 168 hours before a moment that a price must have been there. #}
{% macro least_share_of_hours() %}0.9{% endmacro %}

{# A close that changes by a larger factor between two sessions was split, and not adjusted. #}
{% macro most_session_factor() %}1.8{% endmacro %}

{# Hours that a missing price is carried. #}
{% macro carry_hours() %}3{% endmacro %}

{# Days that a circulating supply may be old. #}
{% macro supply_age_limit_days() %}200{% endmacro %}

{# A provider's price this share outside the low–high of our closes is another coin's, or another multiplier's. #}
{% macro provider_price_tolerance() %}0.15{% endmacro %}

{# Members below which a sector has no index and no rank. #}
{% macro least_sector_members() %}3{% endmacro %}

{# Members of the top-30 index, and the most that one may weigh. #}
{% macro top_index_members() %}30{% endmacro %}
{% macro top_index_weight_cap() %}0.25{% endmacro %}

{# Assets and hours below which a correlation is not known. #}
{% macro least_correlation_assets() %}2{% endmacro %}
{% macro least_correlation_hours() %}100{% endmacro %}

{# Quotes counted as one dollar. #}
{% macro dollar_quotes() %}('USD', 'USDT', 'USDC'){% endmacro %}

{# Hours of bitcoin's 26 weeks before a horizon, below which its usual variance is not known: 13 weeks of them. #}
{% macro least_hours_of_baseline() %}2184{% endmacro %}

{# --- Checks: when another row says that a row cannot be true. Each limit was set on the real tables; the .yml of its check
   says how far real rows come. --- #}

{# Instruments of one asset that must agree among themselves before they judge another. #}
{% macro least_peers() %}2{% endmacro %}

{# Peers agree whose closes are this share apart at most; a candle whose whole low–high is further off than it is refused. #}
{% macro peer_price_tolerance() %}0.10{% endmacro %}

{# A close this factor off its peers' is refused although its hour began where theirs did. #}
{% macro peer_close_factor() %}1.5{% endmacro %}

{# Hours of a day and the days beside it that two symbols of a venue must have in common, prices and volume, to be one. #}
{% macro least_duplicate_hours() %}3{% endmacro %}

{# Observations of open interest likewise. #}
{% macro least_duplicate_observations() %}2{% endmacro %}

{# Days of its own history that tell which of two equal series is whose. #}
{% macro duplicate_history_days() %}28{% endmacro %}

{# Dollars over coins is the hour's price: this share outside its low–high, one of the two is in another unit. #}
{% macro open_interest_price_tolerance() %}0.10{% endmacro %}

{# Open interest does not move by this factor against the median of so many days before, and back within as many. #}
{% macro open_interest_jump_factor() %}20{% endmacro %}
{% macro open_interest_history_days() %}3{% endmacro %}

{# Observations in those days, below which they say nothing: a listing starts from nothing. #}
{% macro least_earlier_observations() %}6{% endmacro %}

{# Open interest over the day's turnover, against what is usual on that day: the most and, inverted, the least. #}
{% macro open_interest_turnover_most() %}100{% endmacro %}
{% macro open_interest_turnover_least() %}1000{% endmacro %}
{% macro least_turnover_hours() %}20{% endmacro %}
{% macro least_turnover_symbols() %}5{% endmacro %}

{# Bins of 8 h, of a week's 21, in which funding must be known on both sides to be compared. #}
{% macro least_funding_bins() %}15{% endmacro %}

{# Over a week, funding this factor larger (smaller) than its peers' is in another unit. #}
{% macro funding_large_factor() %}8{% endmacro %}
{% macro funding_small_factor() %}100{% endmacro %}

{# Peers that pay less than this per 8 h, about 5 % a year, are taken to pay it: a factor of nothing says nothing. #}
{% macro least_funding_size() %}0.00005{% endmacro %}

{# One settlement this factor above its own week's usual one, and above all that its peers paid around it. #}
{% macro funding_row_factor() %}100{% endmacro %}

{# Cosine of two weeks of funding above which they are alike, and below its negative one another's mirror image. #}
{% macro funding_mirror_cosine() %}0.8{% endmacro %}

{# Volume of one spot instrument over the aggregator's 24 h of all venues; of one perpetual over its spot volume. #}
{% macro spot_volume_factor() %}3{% endmacro %}
{% macro perp_volume_factor() %}100{% endmacro %}

{# Orders in a band cost on average what the hour traded at: so far outside its low–high, and the band, at most. #}
{% macro order_book_price_tolerance() %}0.05{% endmacro %}

{# Assets that both panels must keep for a correlation gap to be called significant. #}
{% macro least_gap_assets() %}10{% endmacro %}
