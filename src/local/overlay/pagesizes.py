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
    """How an operation speaks of pages, and the names of its lists on the wire; nearly always there is one."""

    size: str
    token: str
    following: str
    more: str | None
    lists: list


def layer(call, inner):
    if call.mutating or call.service in ("", "s3"):
        return inner(call)
    words = paging(call.service, call.operation)
    asked = parameters(call) if words else {}
    if not words or (words.size not in asked and not str(asked.get(words.token, "")).startswith(OURS)):
        return inner(call)
    token = str(asked.get(words.token) or "")
    start, page = 0, token
    if token.startswith(OURS):
        start, _, page = token.removeprefix(OURS).partition(":")
        start = int(start)
        replace(call, words.token, page)
    answer = inner(call)
    if answer[0][0] != "2":
        return answer
    end = start + int(asked[words.size]) if words.size in asked else None
    cut = cut_xml if answer[2].lstrip().startswith(b"<") else cut_json
    body = cut(answer[2], words, start, end, page)
    return (answer[0], [each for each in answer[1] if each[0].lower() != "content-length"], body)


def parameters(call):
    query = parse_qs(call.environ.get("QUERY_STRING", ""))
    return {**call.fields, **{name: values[0] for name, values in query.items()}}


def replace(call, token, page):
    """A token of ours means nothing to moto, whose own is what comes after the colon, if it has pages."""
    if token not in call.fields:
        return
    fields = {name: value for name, value in call.fields.items() if name != token}
    if page:
        fields[token] = page
    body = (urlencode(fields) if call.form_encoded else json.dumps(fields)).encode()
    call.environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})


@functools.cache
def paging(service, operation):
    """None where there are no pages that this can make."""
    session = botocore.session.get_session()
    try:
        name = MODELS.get(service, service)
        config = session.get_paginator_model(name).get_paginator(operation)
        model = session.get_service_model(name)
    except (ValueError, UnknownServiceError, BotoCoreError):
        return None
    size, token, following = (config.get(each) for each in ("limit_key", "input_token", "output_token"))
    lists = config["result_key"] if isinstance(config["result_key"], list) else [config["result_key"]]
    if not all(isinstance(each, str) and each.isidentifier() for each in (size, token, following, *lists)):
        return None
    shape = model.operation_model(operation)
    asks, answers = shape.input_shape.members, shape.output_shape.members
    if any(answers[each].type_name != "list" for each in lists):
        return None
    if shape.metadata["protocol"] not in ("ec2", "query"):
        # A form names its fields as the model names the members; everything else has names on the wire.
        size, token = on_wire(asks, size), on_wire(asks, token)
    lists = [on_wire(answers, each) for each in lists]
    return Paging(size, token, on_wire(answers, following), config.get("more_results"), lists)


def on_wire(members, name):
    return members[name].serialization.get("name", name)


def cut_json(body, words, start, end, page):
    answer = json.loads(body)
    lists = [name for name in words.lists if isinstance(answer.get(name), list)]
    if not lists or is_cut(answer.get(words.following), sum(len(answer[name]) for name in lists), start, end):
        return body
    count = 0
    for name in lists:
        rows = answer[name]
        answer[name] = [row for number, row in enumerate(rows, count) if is_shown(number, start, end)]
        count += len(rows)
    if end is not None and end < count:
        answer[words.following] = following(end, page)
        if words.more:
            answer[words.more] = True
    return json.dumps(answer).encode()


def is_cut(token, count, start, end):
    """Whether moto made a page of this size itself; some of its pages have a size of their own."""
    return bool(token) and not start and (end is None or count <= end)


def following(end, page):
    return f"{OURS}{end}:{page}" if page else f"{OURS}{end}"


def is_shown(number, start, end):
    return start <= number and (end is None or number < end)


def cut_xml(body, words, start, end, page):
    root = ElementTree.fromstring(body)
    space = root.tag[: root.tag.find("}") + 1]
    names = {space + name for name in words.lists}
    holder = next((each for each in root.iter() if any(child.tag in names for child in each)), None)
    if holder is None:
        return body
    count = sum(len(child) for child in holder if child.tag in names)
    if is_cut(holder.findtext(space + words.following), count, start, end):
        return body
    count = 0
    for rows in [child for child in holder if child.tag in names]:
        for number, row in enumerate(list(rows), count):
            count += 1
            if not is_shown(number, start, end):
                rows.remove(row)
    if end is not None and end < count:
        said = {words.following: following(end, page), **({words.more: "true"} if words.more else {})}
        for name, text in said.items():
            found = holder.find(space + name)
            if found is None:
                found = ElementTree.SubElement(holder, space + name)
            found.text = text
    if space:
        ElementTree.register_namespace("", space[1:-1])
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
