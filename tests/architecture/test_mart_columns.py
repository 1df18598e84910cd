"""The public contract: each mart has the columns that analysts were promised, and one row per promised key."""

import pytest
import yaml

from warehouse.home import CHECKOUT

MODELS = CHECKOUT / "dbt_project" / "models"
# Ledgers of the warehouse itself are marts too, as views.
MARTS = [
    *(MODELS / "marts").rglob("*.yml"),
    *(MODELS / "operations" / f"{name}.yml" for name in ("publications", "quarantine", "weekly_summary_sentences")),
]
# Mart: its key, then its other columns. Columns may be added; none of these may go or change its name.
PROMISED = {
    "positioning_weekly": (
        "week_start asset_id",
        "long_short_account_ratio share_of_open_interest_negative_funding_pct basis_90d_annualised_pct",
    ),
    "liquidations_weekly": ("week_start asset_id", "long_usd short_usd to_open_interest_pct n_venues status"),
    "instruments": (
        "venue market_type venue_symbol",
        "asset_id base quote multiplier contract_size is_inverse first_seen_at last_seen_at",
    ),
    "universe_weekly": (
        "week_start window_id asset_id",
        "symbol rank rank_bucket sector market_cap_usd circulating_supply supply_age_days is_eligible exclusion_reason"
        " hours_present",
    ),
    "prices_hourly": (
        "asset_id price_at",
        "reference_price_usd log_return venue market_type venue_symbol is_carried",
    ),
    "market_cap_daily": (
        "market_date",
        "total_market_cap_usd total_ex_stablecoins_usd n_assets supply_age_days_max share_provider_priced_pct",
    ),
    "index_levels_daily": ("index_id market_date", "level return_1d_pct n_members"),
    "bucket_returns_weekly": (
        "week_start window_id rank_bucket",
        "return_cap_weighted_pct return_equal_weighted_pct return_median_pct share_negative_pct n_assets",
    ),
    "bucket_correlation_weekly": (
        "week_start window_id rank_bucket horizon",
        "average_pairwise_correlation average_pairwise_correlation_fisher average_correlation_to_btc ci_low ci_high"
        " volatility_adjusted_correlation n_assets n_observations",
    ),
    "sector_returns_weekly": (
        "week_start window_id sector",
        "return_cap_weighted_pct return_equal_weighted_pct return_median_pct excess_over_top30_pct rank n_assets"
        " top_contributor",
    ),
    "sector_correlation_weekly": ("week_start window_id sector_a sector_b", "correlation n_observations"),
    "funding_daily": (
        "market_date asset_id",
        "funding_rate_annualised_pct weighting median_across_assets_pct share_of_open_interest_negative_pct"
        " share_below_neutral_pct negative_hours longest_negative_run_hours n_venues n_settlements"
        " expected_settlements coverage_pct",
    ),
    "funding_weekly": (
        "week_start window_id asset_id",
        "funding_rate_annualised_pct weighting median_across_assets_pct share_of_open_interest_negative_pct"
        " share_below_neutral_pct negative_hours longest_negative_run_hours n_venues n_settlements"
        " expected_settlements coverage_pct",
    ),
    "open_interest_daily": (
        "market_date venue asset_id",
        "open_interest_usd open_interest_base is_inverse coverage_pct",
    ),
    "open_interest_market_daily": (
        "market_date",
        "total_usd total_like_for_like_usd to_market_cap_pct n_venues coverage_pct",
    ),
    "open_interest_change_weekly": (
        "week_start window_id oi_bucket",
        "start_usd end_usd price_effect_usd position_effect_usd listing_effect_usd coverage_effect_usd change_usd",
    ),
    "realised_volatility_daily": (
        "asset_id market_date",
        "rv_7d_pct rv_30d_pct rv_7d_daily_pct n_observations",
    ),
    "data_coverage_weekly": (
        "week_start dataset venue",
        "expected_rows received_rows quarantined_rows missing_rows coverage_pct first_missing_at last_recorded_at",
    ),
    "quarantine": (
        "dataset venue market_type series event_at rule is_peer_check landing_file row_number",
        "severity reason refuses recorded_at released_at",
    ),
    "weekly_summary_sentences": ("week_start language sentence_id", "section text evidence"),
    "publications": (
        "publication_id",
        "published_at as_of source is_simulated first_week last_week code_version digest",
    ),
    "regime_weekly": (
        "week_start",
        "leverage_state funding_state flow_state volatility_state correlation_state breadth_state macro_state verdict"
        " previous_verdict weeks_in_verdict coverage_pct",
    ),
    "regime_evidence_weekly": (
        "week_start dimension evidence_id",
        "metric_id value threshold percentile vote weight source_table",
    ),
    "asset_class_returns_weekly": (
        "week_start asset_class",
        "return_pct rank is_worst worst_streak_weeks n_classes",
    ),
    "index_levels_hourly": ("index_id level_at", "level"),
    "index_returns_weekly": ("week_start window_id index_id", "return_pct"),
    "correlation_gap_weekly": (
        "week_start window_id horizon",
        "top10_minus_tail ci_low ci_high is_significant",
    ),
    "sector_dispersion_weekly": ("week_start window_id", "dispersion_pp range_pp percentile_104w"),
    "funding_runs": ("asset_id run_start", "run_end hours sign is_open is_censored"),
    "spot_perp_volume_weekly": (
        "week_start window_id",
        "spot_volume_usd perp_volume_usd spot_share_pct spot_volume_vs_4w_pct is_us_holiday_week holiday"
        " holiday_adjusted_residual n_holiday_precedents coverage_pct",
    ),
    "macro_weekly": (
        "week_start series_id",
        "reference_date released_at value_as_released previous_value change unit label",
    ),
    "metric_values": ("metric_id value_date", "value unit chain_id coverage_pct source_table"),
    "headlines_weekly": (
        "week_start metric_id",
        "value unit previous_value change percentile_365d first_since_date run_weeks longest_run_since_date",
    ),
    "regime_backtest": (
        "label horizon_weeks",
        "weeks mean_dwell_weeks flip_rate forward_return_pct forward_return_ci_low_pct forward_return_ci_high_pct"
        " forward_volatility_pct forward_volatility_ci_low_pct forward_volatility_ci_high_pct shuffled_return_pct"
        " shuffled_volatility_pct",
    ),
}


def declared(mart: str) -> dict:
    (path,) = (path for path in MARTS if path.stem == mart)
    (model,) = yaml.safe_load(path.read_text())["models"]
    return model


@pytest.mark.parametrize("mart", PROMISED)
def test_a_mart_has_what_was_promised(mart):
    key, columns = (names.split() for names in PROMISED[mart])
    model = declared(mart)
    found = {column["name"]: column for column in model["columns"]}
    assert [name for name in [*key, *columns] if name not in found] == []
    grains = [test["integrity"]["arguments"]["grain"] for test in model["data_tests"] if "integrity" in test]
    assert [sorted(grain) for grain in grains] == [sorted(key)]
    dates = {"week_start", "market_date"} & found.keys()
    assert {found[name]["data_type"] for name in dates} <= {"date"}


def test_a_mart_is_what_its_columns_say():
    """dbt refuses to build a mart with other columns than those declared."""
    settings = yaml.safe_load((CHECKOUT / "dbt_project" / "dbt_project.yml").read_text())
    assert settings["models"]["regime"]["marts"]["+contract"] == {"enforced": True}
    assert settings["models"]["regime"]["operations"]["+contract"] == {"enforced": True}


def test_every_mart_says_its_window_formula_source_and_limits():
    """The dictionary is made from these; what is missing there is missing for the reader."""
    missing = {
        path.stem: sorted({"window", "formula", "source", "limits"} - set(declared(path.stem)["config"]["meta"]))
        for path in MARTS
    }
    assert {mart: names for mart, names in missing.items() if names} == {}
    for path in MARTS:
        assert path.stem in PROMISED, f"{path.stem} is published, and nobody promised its columns"
