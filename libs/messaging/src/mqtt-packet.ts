/** The maintained parser and writer of MQTT packets, for everything but the fast path of PUBLISH. */
import mqttPacket from 'mqtt-packet';

export const { generate: mqttGenerate, parser: mqttParser, writeToStream: mqttWriteToStream } = mqttPacket;
export type { IConnackPacket, IConnectPacket, IDisconnectPacket, IPublishPacket, ISubscribePacket, IUnsubscribePacket, Packet as MqttPacket, Parser as MqttParser } from 'mqtt-packet';
