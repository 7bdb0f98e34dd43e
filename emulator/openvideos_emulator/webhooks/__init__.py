"""Webhooks: a job's end is told to a receiver, by the rules of Standard Webhooks.

An event is a row of the outbox, written in the transaction that stores the job (its end is known
then), or in that of its last step where it progresses by retrieves. Each worker has a dispatcher
that claims what is due and sends it: at least once, under one `webhook-id`, so that a receiver
sees an event twice only where a worker died between the acknowledgement and its record.

Two times meet here. When an event is due, and when it is sent again, goes by the clock of the
job's world, as does the event's `created_at`; so a test that turns the clock forward sees its
webhooks. `webhook-timestamp` is the machine's time of the attempt, because a receiver compares it
with its own clock, which nobody has turned.

- Any 2xx within 5 s acknowledges. Redirects are not followed, and are no acknowledgement.
- Anything else is tried again after 5 s, 10 s, 20 s and so on, for up to 72 h; 410 ends it.
- A receiver that is slow or down holds up nobody else; few events at a time are sent to one.
- What a dead worker had begun to send, another sends again after some seconds.
- An event goes where its world's webhook pointed when it was stored. What is left to do stays in
  the database while an emulator runs that has neither `--webhook` nor `--admin`.
"""

from openvideos_emulator.webhooks.endpoint import Endpoint, EndpointError

__all__ = ["Endpoint", "EndpointError"]
