def main(event, context):
    return {"hello": event.get("name", "world")}
