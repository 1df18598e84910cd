"""Where recorded answers are: those of real services beside the checkout, those of our own making in it."""

import os
from pathlib import Path

from regime.dev.recorded import RecordedAnswer, read_recorded
from warehouse.home import CHECKOUT

CONSTRUCTED = Path(__file__).with_name("constructed")
RECORDED = Path(os.environ.get("REGIME_RECORDED_ANSWERS") or CHECKOUT.parent / "shared" / "recorded_answers")
WHERE = f"no recorded answers at {RECORDED}: they may not be redistributed; name them in REGIME_RECORDED_ANSWERS"


def answers(directory: Path) -> list[RecordedAnswer]:
    """Every answer below a directory, by service and name."""
    return [read_recorded(path) for path in sorted(directory.glob("*/*.toml"))]
