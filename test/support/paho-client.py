"""
A device written with paho-mqtt, as its documentation shows it. Reads {"host", "port", "version", "ca", "user", "password",
"topic", "filter", "messages"} from its input; messages are [text, qos]. Prints what the server said to each step as JSON.
"""
import json
import sys
import threading

import paho.mqtt.client as mqtt

plan = json.load(sys.stdin)
said = {}
subscribed = threading.Event()


def on_connect(client, userdata, flags, reason_code, properties):
    said["connected"] = str(reason_code)
    if reason_code.is_failure:
        subscribed.set()
        client.disconnect()
    else:
        client.subscribe([(plan["filter"], 1), ("#", 1)])


def on_subscribe(client, userdata, mid, reason_codes, properties):
    said["subscribed"] = [code.value for code in reason_codes]
    subscribed.set()


client = mqtt.Client(
    mqtt.CallbackAPIVersion.VERSION2,
    client_id=f"paho-{plan['user']}",
    protocol=mqtt.MQTTv5 if plan["version"] == 5 else mqtt.MQTTv311,
)
client.username_pw_set(plan["user"], plan["password"])
if plan["ca"]:
    client.tls_set(ca_certs=plan["ca"])
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.connect(plan["host"], plan["port"], keepalive=30)
client.loop_start()
subscribed.wait(20)
if said.get("connected") == "Success":
    published = [client.publish(plan["topic"], text, qos=qos) for text, qos in plan["messages"]]
    for message in published:
        message.wait_for_publish(20)
    said["published"] = all(message.is_published() for message in published)
    client.disconnect()
client.loop_stop()
print(json.dumps(said))
