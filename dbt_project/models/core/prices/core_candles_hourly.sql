-- Every closed hourly candle that its peers do not refuse; where they refuse its volume alone, the price stands.
-- A view: the refused rows are few, and the candles would else lie here twice.
{{ config(materialized='view', meta={'time_column': 'price_at'}) }}
{{ unrefused_candles(ref('core_candles_closed')) }}
