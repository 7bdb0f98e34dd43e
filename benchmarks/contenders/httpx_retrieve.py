"""Retrieves a video with bare httpx, as often as the first argument says."""

import os
import sys

import httpx

headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
with httpx.Client(base_url=os.environ["OPENAI_BASE_URL"], headers=headers) as client:
    for _ in range(int(sys.argv[1])):
        response = client.get("/videos/video_123")
        response.raise_for_status()
        assert response.json()["status"] == "completed"
