"""The admin API: how a test sets the scene, and looks at what came in.

It is there with `--admin`, under `/_emulator`, for whoever sends `Authorization: Bearer KEY` with
the key that `--admin-key` gives. It speaks JSON; refusals are in the envelope of the API's own.

`key` is an API key and names its world: in the body where there is one, else in the query. Without
it a request concerns all worlds. Times are Unix seconds.

| | | |
|-|-|-|
| GET | `/clock` | what time it is: `now`, `offset` from the machine's clock, `frozen` |
| POST | `/clock/advance` | `seconds`; answers once the webhooks that became due were tried |
| POST | `/clock/freeze` | `at`: the time to stop at, which is now where it is left out |
| POST | `/clock/unfreeze` | go on from there |
| GET, PUT, DELETE | `/progress` | `progress` of new videos: `time`, `immediate`, `polls:N` |
| GET, PUT, DELETE | `/webhook` | `url` and `secret` of new videos' events |
| GET | `/webhooks` | the events that are due, by `type` and `video_id` |
| GET, POST, DELETE | `/faults` | what goes wrong, as `faults` explains it |
| DELETE | `/faults/{id}` | |
| GET, DELETE | `/requests` | the journal of requests, see below |
| GET | `/stats` | how many there are of everything |
| POST | `/reset` | as if nothing had happened yet |

**What wins.** The time of a world is that of all worlds and what its own clock was advanced by. No
clock goes back, but by a reset. What is set for a key wins over what is set for all, and that over
the settings.

**The journal** has each request to the API as the client sent it, whatever a fault made of it or of
its answer; an entry is there before the answer is. `GET /requests` gives the oldest first, at most
`limit` of them, those `after` a `sequence`; `has_more` says whether there are others. Those that
are looked for can be told by `operation`, `method`, `path`, `status` (`404`, or `4XX`), `video_id`
(also of the video that a create has made) and by a text that the `prompt` holds. The newest 10,000
are kept; keys are masked, files are told by name, size and digest, and long texts are cut.
"""

from openvideos_emulator.admin.api import PREFIX, create_admin
from openvideos_emulator.admin.journal import Journal

__all__ = ["PREFIX", "Journal", "create_admin"]
