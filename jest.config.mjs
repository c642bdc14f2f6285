/** Three kinds of tests: beside the file (unit), against real servers (int), and whole paths (e2e). */
const swc = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: false },
    target: 'es2022',
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

const project = (displayName, testMatch, testPathIgnorePatterns) => ({
  displayName,
  testMatch,
  testPathIgnorePatterns: ['/node_modules/', ...testPathIgnorePatterns],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['node', 'node-addons', 'nhip-source'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.local'],
});

export default {
  // No test measures time: a busy machine may be slow, only a hang is a failure.
  testTimeout: 60_000,
  projects: [
    project('unit', ['<rootDir>/{libs,apps,test}/**/*.spec.ts'], ['\\.(int|e2e)\\.spec\\.ts$']),
    project('int', ['<rootDir>/test/**/*.int.spec.ts'], []),
    project('e2e', ['<rootDir>/test/**/*.e2e.spec.ts'], []),
  ],
};
