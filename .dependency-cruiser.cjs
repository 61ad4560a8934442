// Who may import whom. A folder sees what is named here, itself, and packages; src/api.ts, src/config and
// src/error-text.ts are plain types, a schema, and words for people, open to all but the core.

/** What a folder of src may import of the project. */
const only = (folder, allowed, comment) => ({
  name: `${folder}-imports`,
  comment,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^(src|signaling|tests|scripts)/',
    pathNot: [`^src/${folder}/`, '^src/(api|error-text)\\.ts$', '^src/config/', ...allowed],
  },
});

const CORE = '^src/core/';
const STORAGE_INTERFACE = '^src/storage/storage\\.ts$';
const PRIVATE_FILES = '^src/storage/private-files\\.ts$';
const LINK_INTERFACE = '^src/transport/link\\.ts$';
const CLOCK_INTERFACE = '^src/runtime/clock\\.ts$';
const WORKER_CONTRACT = '^src/worker/contract\\.ts$';
const STAMP = '^src/trace/tracer\\.ts$';
const PROTOCOL = '^signaling/protocol\\.ts$';

module.exports = {
  forbidden: [
    {
      name: 'core-is-pure',
      comment: 'The core decides, the driver acts: no IO, no packages, nothing but itself.',
      severity: 'error',
      from: { path: CORE },
      to: { pathNot: CORE },
    },
    only('config', [CORE], 'The schema names message types, and nothing that has effects.'),
    only('storage', [CORE], 'An implementation of its own interface.'),
    only('transport', [CORE, CLOCK_INTERFACE, STAMP], 'An implementation of its own interface.'),
    only('trace', [CORE, PRIVATE_FILES], 'Reads what the core says.'),
    only('check', [CORE, '^src/trace/'], 'Judges histories and traces.'),
    {
      name: 'drive-imports',
      comment: 'It sees what stands in a tab, as a person does.',
      severity: 'error',
      from: { path: '^src/drive/' },
      to: { path: '^(src|signaling|tests)/', pathNot: '^src/(drive|client)/|^src/(api|error-text)\\.ts$' },
    },
    only('client', [CORE, '^src/check/', '^src/proxy/presets\\.ts$'], 'A client sees what any script sees.'),
    only(
      'lessons',
      ['^src/client/(cluster|time)\\.ts$', '^src/ui/view\\.ts$', WORKER_CONTRACT],
      'They see what the page shows, and do what any script can.',
    ),
    only('proxy', [CORE, LINK_INTERFACE, CLOCK_INTERFACE], 'A decorator of a link.'),
    only('runtime', [CORE, STORAGE_INTERFACE, LINK_INTERFACE, '^src/trace/'], 'Interfaces only.'),
    only('signaling', [PROTOCOL], 'The client, and the definition it shares with the server.'),
    only(
      'mesh',
      [CORE, '^src/signaling/', '^src/transport/', WORKER_CONTRACT, PROTOCOL],
      'Connections, not consensus.',
    ),
    only(
      'ui',
      [
        '^src/(worker/contract|core/message|proxy/rules|proxy/presets|client/tests/catalog)\\.ts$',
        '^src/lessons/(catalog|hindrance|rule-prefix)\\.ts$',
        '^src/check/',
        '^src/trace/',
      ],
      'The page is a function of plain data; what rules mean has one place.',
    ),
    {
      name: 'server-stands-alone',
      comment: 'The signaling server knows the configuration schema and nothing else of the page.',
      severity: 'error',
      from: { path: '^signaling/' },
      to: { path: '^(src|tests)/', pathNot: '^src/config/' },
    },
    {
      name: 'protocol-is-for-both-ends',
      comment: 'The page imports it, so it may not reach what only Node has, nor the server.',
      severity: 'error',
      from: { path: PROTOCOL },
      to: { path: '^(src|signaling)/', pathNot: PROTOCOL },
    },
    {
      name: 'page-sees-only-the-protocol',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli|bench|drive)/' },
      to: { path: '^signaling/', pathNot: PROTOCOL },
    },
    {
      name: 'no-node-in-the-page',
      severity: 'error',
      from: { path: ['^src/', PROTOCOL], pathNot: ['^src/(cli|sim|bench|drive)/'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-tests-in-production',
      severity: 'error',
      from: { path: '^(src|signaling)/' },
      to: { path: '^tests/', dependencyTypesNot: ['npm'] },
    },
    {
      name: 'no-development-packages-in-production',
      severity: 'error',
      from: { path: '^(src|signaling)/', pathNot: '^src/(cli|bench|drive)/' },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only'],
        pathNot: 'node_modules/@types/',
      },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
