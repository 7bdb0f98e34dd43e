"""Retrieves a video with OpenVideos, as often as the first argument says."""

import sys

from openvideos import OpenVideos

with OpenVideos() as client:
    for _ in range(int(sys.argv[1])):
        assert client.videos.retrieve("video_123").status == "completed"
