def main(event, context):
    return {"goodbye": event.get("name", "world")}
