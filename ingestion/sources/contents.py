"""What a market server says of itself beside the time: series, venues and their datasets, whether it forgets."""

from typing import Any

import httpx

from ingestion.http.bodies import read_json
from ingestion.http.fetch import FetchError
from ingestion.references.provider import get_once, read_answer
from warehouse.source import Source


async def contents(source: Source, http: httpx.AsyncClient) -> dict[str, Any]:
    """What it says; nothing of the real services, and where it does not answer: then every question says why."""
    if source.base_url is None:
        return {}
    try:
        answer = await get_once(http, f"{source.base_url}/market/contents")
        return read_answer(answer, lambda response: dict(read_json(response.content)))
    except FetchError:
        return {}
