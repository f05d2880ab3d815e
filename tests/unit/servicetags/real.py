"""The real weekly files by name, and the newest of each cloud."""

from __future__ import annotations

from typing import Final

_DAYS: Final = {
    "AzureGovernment": "20251007_cn368 20251010_cn369 20251017_cn370",
    "China": "20251007_cn367 20251010_cn368 20251017_cn369",
    "Public": """
        20210106_cn128 20230125_cn238 20230201_cn239 20230606_cn257 20250218_cn346 20250305_cn346 20250514_cn355
        20250525_cn356 20250527_cn357 20250610_cn358 20250611_cn359 20250711_cn361 20250717_cn362 20250722_cn363
        20250730_cn364 20250809_cn365 20250815_cn366 20250820_cn367 20250828_cn368 20250906_cn369 20250911_cn370
        20251007_cn371 20251010_cn372 20251017_cn373 20251024_cn374
    """,
}
NAMES: Final = [f"{cloud}_{day}" for cloud, days in _DAYS.items() for day in days.split()]
NEWEST: Final = {name.partition("_")[0]: name for name in NAMES}
