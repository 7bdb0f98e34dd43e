"""Applies OpenAPI Overlay documents (specification 1.0) to a JSON document."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import jsonpath_rfc9535


class OverlayError(ValueError):
    """An overlay that cannot be applied: it is malformed, or a target of it matches nothing."""


def apply_overlay(document: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of `document` with every action of `overlay` applied, in order.

    Args:
        document: An OpenAPI description, as plain dicts and lists.
        overlay: An Overlay document: `overlay`, `info` and `actions`, each action with a JSONPath
            `target` (RFC 9535) and either `update` (merged: objects by key, arrays by appending,
            all else replaced) or `remove: true`.

    Raises:
        OverlayError: The overlay is malformed, or a target matches nothing: a dead target is a
            change that silently stopped being made.
    """
    actions = overlay.get("actions")
    if not str(overlay.get("overlay", "")).startswith("1.") or not isinstance(actions, list):
        raise OverlayError(
            "not an OpenAPI Overlay document: it needs `overlay: 1.0.0` and a list of `actions`"
        )
    result = copy.deepcopy(dict(document))
    for number, action in enumerate(actions, start=1):
        _apply_action(result, action, f"action {number}")
    return result


def merge(target: Any, update: Any) -> Any:
    """Return `update` merged over `target` as an Overlay `update` is, without changing either.

    Objects are merged by key, an array is appended to an array, anything else replaces.
    """
    if isinstance(target, dict) and isinstance(update, Mapping):
        merged = dict(target)
        for key, value in update.items():
            merged[key] = merge(target[key], value) if key in target else copy.deepcopy(value)
        return merged
    if isinstance(target, list):
        return [*target, *copy.deepcopy(update if isinstance(update, list) else [update])]
    return copy.deepcopy(update)


def _apply_action(document: dict[str, Any], action: Any, where: str) -> None:
    if not isinstance(action, Mapping) or not isinstance(action.get("target"), str):
        raise OverlayError(f"{where}: an action needs a `target`, a JSONPath such as $.info")
    target, removes = action["target"], action.get("remove") is True
    if removes == ("update" in action):
        raise OverlayError(f"{where}: {target}: give either `update` or `remove: true`")
    try:
        nodes = jsonpath_rfc9535.find(target, document)
    except jsonpath_rfc9535.JSONPathError as error:
        raise OverlayError(f"{where}: {target} is not a JSONPath of RFC 9535: {error}") from error
    if not nodes:
        raise OverlayError(f"{where}: {target} matches nothing in the document")
    # From the last match to the first, so that removing one list item leaves the others in place.
    for node in reversed(nodes):
        if node.parent is None:
            if removes:
                raise OverlayError(f"{where}: the document itself cannot be removed")
            document.update(merge(document, action["update"]))
            continue
        holder: Any = node.parent.value
        if removes:
            del holder[node.location[-1]]
        else:
            holder[node.location[-1]] = merge(node.value, action["update"])
