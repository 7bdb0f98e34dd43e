"""Retrieves a video with the official SDK, as often as the first argument says."""

import sys

from openai import OpenAI

with OpenAI() as client:
    for _ in range(int(sys.argv[1])):
        assert client.videos.retrieve("video_123").status == "completed"
