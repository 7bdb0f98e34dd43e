"""The official Python SDK unwraps what the emulator has really delivered."""

import secrets

import openai
import pytest

from openvideos_emulator import Emulator

from .conftest import SECRET, Receiver

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


@pytest.mark.parametrize(
    ("prompt", "kind"), [("x", "video.completed"), ("x [moderation_blocked]", "video.failed")]
)
def test_the_official_sdk_unwraps_a_delivered_event(
    watched: Emulator, receiver: Receiver, prompt: str, kind: str
) -> None:
    world = watched.world()
    world.webhooks.send_to(receiver.url, SECRET)
    with openai.OpenAI(
        base_url=world.base_url, api_key=world.api_key, webhook_secret=SECRET
    ) as sdk:
        video = sdk.videos.create(prompt=prompt)
        world.clock.advance(600)
        [received] = receiver.received
        event = sdk.webhooks.unwrap(received.body, received.headers)
        assert event.type == kind
        assert event.data.id == video.id  # type: ignore[union-attr]  # an event of another type has none
        with pytest.raises(openai.InvalidWebhookSignatureError):
            sdk.webhooks.unwrap(received.body + b" ", received.headers)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            sdk.webhooks.unwrap(
                received.body, received.headers, secret=f"whsec_{secrets.token_hex(16)}"
            )
