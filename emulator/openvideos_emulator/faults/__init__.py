"""Faults: what goes wrong on purpose, as data.

A fault is a match and transformations, applied at the emulator's edge: to a request before the
emulator sees it, and to the answer before the client does. Faults on demand, planted defects and
the ways of other servers are all written in this one form. A file of them (`--faults`) is a YAML
or JSON list, and the admin API takes them one by one. `schema.yaml` in this folder holds both to
what follows.

Common faults have names: `named.yaml` writes each in this form, and `asked.py` reads them from a
header or a prompt. A file may use names, too; `match` then adds to what is the name's own, and an
`id` is not required:

```yaml
- {fault: stuck_at_99, match: {nth: 2}}
- {fault: {cut_at: 5000}, match: {key: sk-unlucky, first: 3, per: video}}
```

```yaml
- id: progress-goes-back            # required, unique
  description: Every second poll shows less progress than the one before.
  match: {operation: retrieve_video, where: {$.status: in_progress}, every: 2, per: video}
  answer:
    - set: {at: $.progress, to: 1}

- id: upright-though-landscape     # what was asked for is said, and another size made
  match: {operation: create_video, body: {size: 1280x720}}
  request: [{set_field: {size: 720x1280}}]
  answer: [{set: {at: $.size, to: 1280x720}}, {mark: upright}]
- id: upright-though-landscape-later
  match: {operation: retrieve_video, marked: upright}
  answer: [{set: {at: $.size, to: 1280x720}}]

- id: delete-keeps-the-video        # the app sees a harmless GET, the client a deletion
  match: {operation: delete_video, status: 200}
  request: [{method: GET}]
  answer:
    - json: {id: "{video_id}", object: video.deleted, deleted: true}
```

**match** — every condition must hold; none at all matches everything.

| of the request | |
|-|-|
| `operation` | an `operationId` of the contract, or a list of them |
| `method` | an HTTP method, or a list of them |
| `path` | a regular expression that the whole path is like, its escapes decoded |
| `key` | the API key, or a list of them; `""` is a request without one |
| `content_type` | the request's content type, without its parameters |
| `header`, `query`, `body` | names with values |
| `prompt` | a text that the request's prompt contains |
| `following` | an `operationId`: the same video was answered this one with 2xx before |
| `during` | an `operationId`: the same worker is answering a request of this one |
| `marked` | a word: the same video was given this mark by a fault's `mark` before |
| `unless` | the conditions above; none of them may hold together |

A value is a text, or `{like: ...}` with a regular expression that the whole of it is like, or
`null` where the name must not be there, or `true` where it must, with any value. `body` is the
top fields of JSON, or the fields of a form by their wire names.

| of the answer | |
|-|-|
| `status` | a status, `4XX`, or a list of either |
| `where` | JSONPaths with the JSON value that one of the matched nodes has |
| `listed` | a mark: `answer` is about each item of a list whose video was given it, as `$` |

The conditions of the answer hold back the `answer` list only; the `request` list was carried out
before the answer was known.

| how often | |
|-|-|
| `nth` | at this occasion only, or at each of a list of them; the first is 1 |
| `first` | at so many first occasions |
| `after` | not at so many first occasions |
| `every` | at each so-manieth occasion |
| `per` | what occasions are counted by: `fault` (default), `video` (its id), `key` or `prompt` |

An occasion is a request that matches; for a fault without a `request` list, a request *and*
answer that match. Occasions, marks and what was `following` are kept in the database: all workers
count alike, and go on counting after a restart on the same database. A fault without any of them
writes nothing.

**request** — carried out in order.

| step | |
|-|-|
| `method: GET`, `path: "/v1/videos/{video_id}"` | send it elsewhere |
| `also: {method: DELETE, path: ...}` | first send another, without a body, and drop its answer |
| `set_header: {name: value}`, `remove_header: name` | |
| `set_query: {name: value}`, `remove_query: name` | |
| `set_field: {name: value}`, `remove_field: name` | of JSON or a form |
| `rename_field: {name: other}` | likewise |
| `delay: 1.5` | wait so many seconds |
| `reply: {status: 503, headers: {...}, json: ...}`, or with `text` | answer at once |
| `connection: reset` | reset the connection (TCP RST), or `close` it, without an answer |
| `job: {fail: {code: ..., message: ..., early: true}}` | the job fails, early or in the end |
| `job: {stuck: true}`, `job: {slowness: 10}` | it stays at 99 %, or takes ten times longer |
| `job: {webhook: late}` | also `duplicate`, `early`, `forged`, `lost` |

A webhook of the contract is an operation, too: a fault of `--faults` that names `video_completed`
or `video_failed` happens to each attempt to deliver such an event, by its `request` list. What is
signed is the body and the `webhook-id` as they are then, unless the list sets or removes
`webhook-signature`. With `reply` nothing is sent, and its status counts as the receiver's.

After a `reply` the emulator never sees the request; the `answer` list is still carried out. A
body that is longer than `--max-body-bytes` by its header is refused before any fault happens.

**answer** — carried out in order. `at` and `from` are JSONPaths (RFC 9535); where they match
nothing, nothing happens, but `set` and `copy` add a last name that is not there yet.

| step | |
|-|-|
| `status: 500` | |
| `set_header: {name: value}`, `remove_header: name` | |
| `set: {at: $.progress, to: 5}` | put a value |
| `remove: $.expires_at` | |
| `reverse: $.data` | turn a list round |
| `rename: {at: $.seconds, to: duration}` | |
| `copy: {from: $.error.message, to: $.detail}` | |
| `map: {at: $.status, values: {in_progress: processing}}` | replace values, by their text |
| `convert: {at: $.created_at, to: milliseconds}` | see below |
| `wrap: data`, `unwrap: error` | put the body into a key, or the key's value in its place |
| `json: ...`, `text: ...` | replace the body |
| `cut_body: 1000` | keep so many bytes, and say so in Content-Length |
| `corrupt_body: {at: 1000, length: 64}` | invert bytes |
| `content_length: {add: 100}` | say so many bytes more than there are, or fewer |
| `drop_after: 1000`, `reset_after: 1000` | end the connection after so many bytes of the body |
| `connection: reset` | reset the connection, or `close` it, in place of the answer |
| `garbage: answer` | random bytes in place of the answer, or of a `chunk` of its body |
| `delay: 1.5` | wait so many seconds before the answer |
| `slow_head: 1.5` | take so many seconds for the status line and the headers |
| `dribble: {chunks: 5, seconds: 1.5}` | send the body in so many pieces, over so many seconds |
| `redirect: ""` | send a download elsewhere: see the fault `redirect` |
| `mark: word` | remember a word of the video, for `marked` and `listed` |

JSON is changed whole. Any other body is never held: what is done to its bytes is done while they
pass. In a list, `remove: $` takes the item out.

Conversions are `integer`, `number`, `string`, `milliseconds` and `iso_time` (from seconds) and
`fraction` (from per cent); of texts `trimmed`, `one_line` (each run of blanks and line breaks one
blank), `first_line`, `ascii` (`?` for all other signs), `html` (escaped) and `shortened` (to 1,000
signs).

Texts in `set`, `json`, `text`, `path`, `set_header`, `set_query`, `set_field` and `reply` may hold
`{video_id}` and the other names of the path, `{query.limit}`, `{body.prompt}`, `{header.range}`,
`{answer.error.message}` and `{marked.word}`, which is the id of a video that was given this mark; a
text that is nothing but one of these keeps its type. A name that is not there stays as it is
written. A whole number can be added, as in `{query.limit+1}`.
"""

from openvideos_emulator.faults.layer import FaultLayer
from openvideos_emulator.faults.loading import load_faults, parse_faults
from openvideos_emulator.faults.model import Fault

__all__ = ["Fault", "FaultLayer", "load_faults", "parse_faults"]
