import { filterOf, isFilter, parseTemplate, readTopic, type TopicTemplate } from './bridge-topics.js';

const template = (text: string): TopicTemplate => parseTemplate(text) as TopicTemplate;

describe('a topic read by its template', () => {
  it.each([
    ['our own topics', 'city/{domain}/{device}/{stream}', 'city/traffic/loop-1/readings', { domain: 'traffic', device: 'loop-1', stream: 'readings' }],
    ['one device in the middle', 'v3/+/devices/{device}/up', 'v3/air@ttn/devices/eui-1/up', { device: 'eui-1' }],
    ['levels that follow', 'zigbee/{device}/#', 'zigbee/lamp/a/b', { device: 'lamp' }],
    ['# stands for none too [MQTT-4.7.1-2]', 'zigbee/{device}/#', 'zigbee/lamp', { device: 'lamp' }],
    ['nothing to read', 'box/up', 'box/up', {}],
    ['an empty level is a level', '{device}//up', 'a//up', { device: 'a' }],
    ['another text', 'city/{domain}/{device}/{stream}', 'town/traffic/loop-1/readings', null],
    ['a level too many', 'v3/+/devices/{device}/up', 'v3/a/devices/b/up/c', null],
    ['a level too few', 'v3/+/devices/{device}/up', 'v3/a/devices/b', null],
    ['its beginning alone', 'zigbee/{device}/#', 'zigbee', null],
  ])('%s', (_, text, topic, read) => expect(readTopic(topic, template(text))).toEqual(read));
});

it.each([
  ['city/{domain}/{device}/{stream}', 'city/+/+/+'],
  ['v3/+/devices/{device}/up', 'v3/+/devices/+/up'],
  ['zigbee/{device}/#', 'zigbee/+/#'],
])('%s subscribes %s', (text, filter) => expect(filterOf(template(text))).toBe(filter));

it.each([
  ['', 'expected a topic'],
  ['a/{device}/{device}', 'expected {device} once'],
  ['a/x{device}', /whole levels.*"x\{device\}"/],
  ['a/{lane}', /"\{lane\}"/],
  ['a/#/b', /# at the end alone/],
  ['a/b+', /"b\+"/],
])('refuses the template %j', (text, why) => expect(parseTemplate(text)).toMatch(why));

it.each([['#', true], ['a/+/b', true], ['a/#', true], ['$share/nhip/a/#', true], ['', false], ['a/#/b', false], ['a+', false], ['$share/nhip', false], ['$share//a', false], ['$share/n+/a', false]])('%j as a filter: %s', (text, right) => expect(isFilter(text)).toBe(right));
