/** The arrows of docs/architecture.md: apps → domain → service → messaging, timeseries → codecs, rules, contracts → zod. */
const only = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
module.exports = {
  forbidden: [
    only('no-circular', {}, { circular: true }, 'A circle has no top to read from.'),
    only('apps-are-islands', { path: '^apps/([^/]+)/' }, { path: '^apps/', pathNot: '^apps/$1/' }, 'Apps never import apps.'),
    only('libs-know-no-app', { path: '^libs/' }, { path: '^(apps|test)/' }, 'Libraries know no app and no test.'),
    only('contracts-stand-alone', { path: '^libs/contracts/' }, { path: '.', pathNot: ['^libs/contracts/', '^node_modules/zod/'] }, 'Contracts import zod alone: they run in a browser.'),
    only('rules-are-pure', { path: '^libs/(rules|codecs)/', pathNot: '\\.spec\\.ts$' }, { path: '.', pathNot: ['^libs/(rules|codecs|contracts)/', '^node_modules/(zod|cborg)/', '^(node:)?buffer$'] }, 'Rules and codecs are pure; codecs may ask whether bytes are UTF-8, and read CBOR.'),
    only('plumbing-below-service', { path: '^libs/(messaging|timeseries)/' }, { path: '^libs/service/' }, 'Arrows point one way.'),
    only('domain-on-top', { path: '^libs/(?!domain/)' }, { path: '^libs/domain/' }, 'What domains share stands on the other libraries.'),
    only('messaging-and-timeseries-apart', { path: '^libs/messaging/' }, { path: '^libs/timeseries/' }, 'Messaging knows no database.'),
    only('kafka-in-messaging', { path: '^(libs|apps)/', pathNot: '^libs/messaging/' }, { path: '^node_modules/(kafkajs|mqtt-packet)/' }, 'Kafka and MQTT packets stay in messaging.'),
    only('mqtt-client-in-simulator', { path: '^(libs|apps)/', pathNot: '^(libs/messaging|apps/simulator)/' }, { path: '^node_modules/mqtt/' }, 'The MQTT client stays in messaging and simulator.'),
    only('xml-in-cap', { path: '^(libs|apps)/', pathNot: '^apps/alerts/src/cap/' }, { path: '^node_modules/saxes/' }, 'XML of others is read in one place, which refuses entities.'),
    only('pg-in-timeseries', { path: '^(libs|apps)/', pathNot: '^libs/timeseries/' }, { path: '^node_modules/(pg|pg-copy-streams)/' }, 'PostgreSQL stays in timeseries.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['nhip-source', 'import', 'node', 'default'] },
  },
};
