"""Page sizes that a request names, where moto answers the whole list: for every operation that botocore can page."""

import functools
import io
import json
import xml.etree.ElementTree as ElementTree
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode

import botocore.session
from botocore.exceptions import BotoCoreError, UnknownServiceError

# The models, where they have another name than the prefix of the service's actions.
MODELS = {
    "elasticloadbalancing": "elbv2",
    "elasticfilesystem": "efs",
    "states": "stepfunctions",
    "tag": "resourcegroupstaggingapi",
}
OURS = "page-"


class Paging(NamedTuple):
    """How an operation speaks of pages, and where its list is."""

    size: str
    token: str
    following: str
    more: str | None
    rows: str
    # The elements around and of the rows, where the answer is XML.
    around: str
    row: str


def layer(call, inner):
    if call.mutating or call.service in ("", "s3"):
        return inner(call)
    words = paging(call.service, call.operation)
    asked = parameters(call) if words else {}
    if not words or (words.size not in asked and not str(asked.get(words.token, "")).startswith(OURS)):
        return inner(call)
    token = str(asked.get(words.token) or "")
    start = 0
    if token.startswith(OURS):
        start = int(token.removeprefix(OURS))
        take_away(call, words.token)
    answer = inner(call)
    if answer[0][0] != "2":
        return answer
    end = start + int(asked[words.size]) if words.size in asked else None
    cut = cut_xml if answer[2].lstrip().startswith(b"<") else cut_json
    body = cut(answer[2], words, start, end)
    return (answer[0], [each for each in answer[1] if each[0].lower() != "content-length"], body)


def parameters(call):
    query = parse_qs(call.environ.get("QUERY_STRING", ""))
    return {**call.fields, **{name: values[0] for name, values in query.items()}}


def take_away(call, token):
    """A token of ours means nothing to moto."""
    fields = {name: value for name, value in call.fields.items() if name != token}
    if len(fields) == len(call.fields):
        return
    body = (urlencode(fields) if call.form_encoded else json.dumps(fields)).encode()
    call.environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})


@functools.cache
def paging(service, operation):
    """None where there are no pages, or several lists in one."""
    session = botocore.session.get_session()
    try:
        name = MODELS.get(service, service)
        config = session.get_paginator_model(name).get_paginator(operation)
        model = session.get_service_model(name)
    except (ValueError, UnknownServiceError, BotoCoreError):
        return None
    words = [config.get(each) for each in ("limit_key", "input_token", "output_token", "result_key")]
    if not all(isinstance(each, str) and each.isidentifier() for each in words):
        return None
    size, token, following, rows = words
    shape = model.operation_model(operation)
    wire = {**shape.input_shape.members, **shape.output_shape.members}
    location = {each: wire[each].serialization.get("name", each) for each in (size, token, following, rows)}
    listed = wire[rows]
    if listed.type_name != "list":
        return None
    row = listed.member.serialization.get("name", "member")
    if shape.metadata["protocol"] not in ("ec2", "query"):
        # JSON lists have no elements around them.
        return Paging(location[size], location[token], location[following], config.get("more_results"), location[rows], "", "")
    return Paging(size, token, location[following], config.get("more_results"), rows, location[rows], row)


def cut_json(body, words, start, end):
    answer = json.loads(body)
    rows = answer.get(words.rows)
    if answer.get(words.following) or not isinstance(rows, list):
        return body
    answer[words.rows] = rows[start:end]
    if end is not None and end < len(rows):
        answer[words.following] = f"{OURS}{end}"
        if words.more:
            answer[words.more] = True
    return json.dumps(answer).encode()


def cut_xml(body, words, start, end):
    root = ElementTree.fromstring(body)
    space = root.tag[: root.tag.find("}") + 1]
    holder = next((each for each in root.iter() if each.find(space + words.around) is not None), None)
    if holder is None or holder.findtext(space + words.following):
        return body
    rows = holder.find(space + words.around)
    count = len(rows)
    for row in [*rows[:start], *(rows[end:] if end is not None else ())]:
        rows.remove(row)
    if end is not None and end < count:
        said = {words.following: f"{OURS}{end}", **({words.more: "true"} if words.more else {})}
        for name, text in said.items():
            found = holder.find(space + name)
            if found is None:
                found = ElementTree.SubElement(holder, space + name)
            found.text = text
    if space:
        ElementTree.register_namespace("", space[1:-1])
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
