import type { LinkCounters, NodeAction, PeerStatus, Status, Tabraft } from '../api.ts';
import type { PageConfig } from '../config/schema.ts';
import { messageOf } from '../error-text.ts';
import { createSecret, deriveKeys, fragmentOf, parseFragment, type ClusterKeys } from '../mesh/secret.ts';
import { strangerAmong } from '../proxy/rules.ts';
import type {
  LessonAct,
  LiveView,
  Notice,
  PageController,
  PageView,
  Phase,
  SignalingView,
} from '../ui/view.ts';
import type { NodeNotice, NodeSnapshot, StatesExcerpt } from '../worker/contract.ts';
import { rememberCluster, rememberKnownCluster, withOwnCluster } from './catalog.ts';
import { logToConsole } from './console.ts';
import type { ClusterPort } from '../client/cluster.ts';
import { createClusterPort, invoke } from './cluster-port.ts';
import { Lessons } from './lessons.ts';
import { createOperations } from './operations.ts';
import type { CallOutcome } from './remote-nodes.ts';
import { Session } from './session.ts';
import { Tests } from './tests.ts';
import { createTrace } from './trace.ts';

const MAX_NOTICES = 200;
const REFRESH_PERIOD_MS = 100;
const MEMBER_KEY = 'tabraft.member';
const DEFAULT_READY_TIMEOUT_MS = 30_000;
/** `ready` waits at most so long for links that are still being set up. */
const LINK_GRACE_MS = 3000;

const NOTHING_LIVE: LiveView = { nodes: [], events: [], skipped: 0, verdicts: [] };
const NOTHING_SENT: CallOutcome = { kind: 'unsent', reason: 'This tab runs no node at the moment.' };

/** The page's side of one tab: which cluster, which session, and what is to be shown of them. */
export class ClusterController implements PageController {
  view: PageView;
  readonly api: Tabraft;
  readonly #tests: Tests;
  readonly #lessons: Lessons;
  #keys: ClusterKeys;
  /** Nobody has founded this cluster yet, and this page's node is to. */
  #isToFound = false;
  #remembering: Promise<void> | null = null;
  #session: Session | null = null;
  #obsolete: Session | null = null;
  #sessionStartedAt = 0;
  #notices: Notice[] = [];
  #nextNotice = 1;
  /** Session changes (restart, wipe, new cluster) run one after the other. */
  #changing: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<() => void>();
  /** Called with each change, where listeners are called with each view: a hidden page has one of these a second. */
  readonly #awaiting = new Set<() => void>();
  #isRefreshPending = false;
  #refreshedAt = Number.NEGATIVE_INFINITY;

  /**
   * Finds this page's cluster, hands out the controller, and starts its node. Throws only where
   * nothing can be shown but an error.
   */
  static async open(
    config: PageConfig,
    signalingUrl: string,
    onCreated: (controller: ClusterController) => void,
  ): Promise<void> {
    const fragment = parseFragment(location.hash);
    if (fragment.kind === 'invalid') throw new Error(fragment.reason);
    // Asked once and for all: the browser then does not evict this origin when space gets short.
    void navigator.storage.persist();
    const open = async (secret: string, found: boolean): Promise<void> => {
      const controller = new ClusterController(config, signalingUrl, await deriveKeys(secret));
      controller.#isToFound = found;
      onCreated(controller);
      await controller.#startSession();
    };
    if (fragment.kind === 'absent') {
      await withOwnCluster(open);
    } else {
      // One that is new here may be a mistyped link, or long gone: it is remembered once it has been joined.
      await rememberKnownCluster(fragment.secret);
      await open(fragment.secret, false);
    }
  }

  private constructor(
    private readonly config: PageConfig,
    private readonly signalingUrl: string,
    keys: ClusterKeys,
  ) {
    this.#keys = keys;
    this.api = this.#createApi();
    const port = this.#createClusterPort();
    this.#tests = this.#createTests(port);
    this.#lessons = this.#createLessons(port);
    this.view = this.#buildView();
    document.addEventListener('visibilitychange', this.#look);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async excerpt(filter: string, limit: number, valueLength: number): Promise<StatesExcerpt> {
    return this.#anySession().excerpt(filter, limit, valueLength);
  }

  async newCluster(): Promise<void> {
    await this.#change(async () => {
      await this.#session?.end(false);
      this.#keys = await deriveKeys(createSecret());
      this.#isToFound = true;
      this.#remembering = null;
      sessionStorage.removeItem(MEMBER_KEY);
      await this.#startSession();
    });
  }

  // ── Sessions ──────────────────────────────────────────────────────────────────────────────────

  /**
   * Resolves once its node runs, or cannot run. A cluster is named in the page's address, and remembered, once it has
   * been founded: else whoever comes back to it would look for others in vain.
   */
  async #startSession(): Promise<void> {
    const found = this.#isToFound;
    if (!found) this.#nameCluster();
    this.#sessionStartedAt = performance.now();
    const session: Session = new Session(
      {
        keys: this.#keys,
        config: this.config,
        signalingUrl: this.signalingUrl,
        preferredMember: sessionStorage.getItem(MEMBER_KEY),
        found,
      },
      {
        onChange: () => this.#changed(),
        onNotice: (notice) => this.#notify(notice),
        onJoined: () => {
          if (session === this.#session) this.#onJoined();
        },
        onObsolete: () => this.#replaceObsolete(session),
        onCall: (method, args) => invoke(this.api, method, args),
        testUnderWay: () => this.#tests.underWay ?? this.#lessons.underWay,
        onTestAbandoned: () => this.#healAfterTest(),
      },
    );
    this.#session = session;
    this.#look();
    this.#changed();
    const memberId = await session.start();
    this.#changed();
    if (memberId === null) return;
    sessionStorage.setItem(MEMBER_KEY, memberId);
    if (!found) return;
    this.#isToFound = false;
    this.#nameCluster();
    await this.#remember();
  }

  /** Once for each cluster. */
  async #remember(): Promise<void> {
    await (this.#remembering ??= rememberCluster(this.#keys.secret));
  }

  #onJoined(): void {
    this.#remember().catch((error: unknown) => {
      const text = `This browser does not remember the cluster for tabs to come: ${messageOf(error)}`;
      this.#notify({ level: 'warning', text });
    });
  }

  #nameCluster(): void {
    history.replaceState(null, '', fragmentOf(this.#keys.secret));
  }

  /** A page that nobody sees does not watch the nodes, unless a lesson does. */
  readonly #look = (): void => {
    const isSeen = document.visibilityState === 'visible';
    this.#session?.setWatching(isSeen || this.#lessons.underWay !== null);
  };

  async #change(change: () => Promise<void>): Promise<void> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => undefined); // the caller is told through `result`
    await result;
  }

  async #restart(wipe: boolean): Promise<void> {
    await this.#change(async () => {
      if (wipe) await this.#bringBackToWipe();
      const problem = (await this.#session?.end(wipe)) ?? null;
      if (wipe && problem === null) sessionStorage.removeItem(MEMBER_KEY);
      await this.#startSession();
      if (wipe && problem !== null) throw new Error(`The storage was not wiped: ${problem} Try again.`);
    });
  }

  /** Only a worker can wipe, and only what it has claimed: what it finds in place of this tab's member is another's. */
  async #bringBackToWipe(): Promise<void> {
    const former = this.#session;
    if (former === null || former.hasNode) return;
    await former.end(false);
    await this.#startSession();
    if (former.memberId === null || this.#session?.memberId !== former.memberId)
      throw new Error('The storage was not wiped: this tab does not run that member any more.');
  }

  /** What is stored of a removed member is of no use: this tab joins as a new one. */
  #replaceObsolete(session: Session): void {
    if (session !== this.#session || session === this.#obsolete) return;
    this.#obsolete = session;
    this.#notify({
      level: 'info',
      text: 'The member stored here was removed earlier; this tab joins as a new one.',
    });
    this.#restart(true).catch((error: unknown) => this.#notify({ level: 'error', text: String(error) }));
  }

  // ── What is shown ─────────────────────────────────────────────────────────────────────────────

  #notify({ level, text }: NodeNotice): void {
    this.#writeToConsole(level, text);
    const notice = { id: this.#nextNotice, time: Date.now(), level, text };
    this.#nextNotice += 1;
    this.#notices = [...this.#notices, notice].slice(-MAX_NOTICES);
    this.#changed();
  }

  /** By the log level that `config.json` gives to the server whose name this member has. */
  #writeToConsole(level: NodeNotice['level'], text: string): void {
    const { servers } = this.config;
    const name = this.#session?.snapshot?.name ?? null;
    const server = servers.find((candidate) => candidate.name === name) ?? servers[0];
    logToConsole(server?.logLevel ?? 'info', level, `${name ?? 'tabraft'}: ${text}`);
  }

  /**
   * A new view soon, and not more often than a reader can follow: what moves between two views is drawn from the
   * events. A hidden page, which has no frames, still gets one now and then.
   */
  #changed(): void {
    for (const check of this.#awaiting) check();
    if (this.#isRefreshPending) return;
    this.#isRefreshPending = true;
    let inAnyCase: ReturnType<typeof setTimeout> | undefined;
    let frame: number | undefined;
    const refresh = (): void => {
      // What came first does it: the other would be early for the next change.
      clearTimeout(inAnyCase);
      if (frame !== undefined) cancelAnimationFrame(frame);
      this.#isRefreshPending = false;
      this.#refreshedAt = performance.now();
      this.view = this.#buildView();
      for (const listener of this.#listeners) listener();
    };
    const waitMs = Math.max(0, this.#refreshedAt + REFRESH_PERIOD_MS - performance.now());
    setTimeout(() => {
      if (document.visibilityState === 'visible') frame = requestAnimationFrame(refresh);
      inAnyCase = setTimeout(refresh, REFRESH_PERIOD_MS);
    }, waitMs);
  }

  #buildView(): PageView {
    const session = this.#session;
    const status = this.#status();
    const { phase, detail } = phaseOf(status, session?.snapshot ?? null, session?.hasCrashed ?? false);
    return {
      phase,
      phaseDetail: detail,
      paused: session?.snapshot?.paused ?? false,
      isReplaced: session?.isReplaced ?? false,
      status,
      signaling: this.#signalingView(),
      rules: session?.rules() ?? [],
      links: session?.links() ?? [],
      nodes: this.#nodes(),
      devices: this.#devices(),
      joinLink: `${location.origin}${location.pathname}${location.search}${fragmentOf(this.#keys.secret)}`,
      notices: this.#notices,
      targetVoters: this.config.servers.length,
      test: this.#tests.view,
      lesson: this.#lessons.view,
      live: session?.live.view ?? NOTHING_LIVE,
    };
  }

  #nodes(): PageView['nodes'] {
    const session = this.#session;
    const snapshot = session?.snapshot ?? null;
    const members = snapshot?.members ?? [];
    return members.map(({ id, name, reachable }) => {
      const told = session?.stateOf(id) ?? null;
      return { name, state: told ?? (reachable ? 'running' : 'gone') };
    });
  }

  #devices(): PageView['devices'] {
    const session = this.#session;
    const inThisBrowser = new Set(
      session
        ?.peers()
        .filter(({ isLocal }) => isLocal)
        .map(({ memberId }) => memberId),
    );
    return (session?.snapshot?.members ?? []).map(({ id }) => {
      const device = session?.deviceOf(id) ?? null;
      const text = device === null ? null : `${device.browser} on ${device.system}`;
      return { memberId: id, text, isThisBrowser: inThisBrowser.has(id) };
    });
  }

  #signalingView(): SignalingView {
    const state = this.#session?.signaling ?? { state: 'connecting', detail: null };
    return {
      state: state.state,
      url: this.signalingUrl,
      detail: state.state === 'connected' ? null : state.detail,
    };
  }

  #status(): Status {
    const session = this.#session;
    const snapshot = session?.snapshot ?? null;
    const stoppedReason = session?.stoppedReason ?? null;
    const own = Object.fromEntries(session?.counters ?? []);
    return {
      clusterId: this.#keys.clusterId,
      memberId: snapshot?.memberId ?? '',
      name: snapshot?.name ?? null,
      role: stoppedReason !== null ? 'stopped' : (snapshot?.role ?? 'joining'),
      term: snapshot?.term ?? 0,
      leader: stoppedReason !== null ? null : (snapshot?.leader ?? null),
      commitIndex: snapshot?.commitIndex ?? 0,
      appliedIndex: snapshot?.appliedIndex ?? 0,
      lastIndex: snapshot?.lastIndex ?? 0,
      snapshotIndex: snapshot?.snapshotIndex ?? 0,
      members: (snapshot?.members ?? []).map((member) => ({ ...member })),
      peers: this.#peers(snapshot),
      registers: snapshot?.registers ?? { epoch: 0, replicas: [], ready: [] },
      stoppedReason,
      counters: { ...snapshot?.counters, ...own },
    };
  }

  #peers(snapshot: NodeSnapshot | null): PeerStatus[] {
    return (this.#session?.peers() ?? []).map(({ page, memberId, state, link }) => {
      const own = snapshot?.links.find((view) => view.link === link?.id);
      const linked = own?.memberId ?? null;
      const isOpen = linked !== null;
      const id = memberId ?? linked ?? page;
      return {
        id,
        name: snapshot?.members.find((member) => member.id === id)?.name ?? null,
        state: state === 'connected' && !isOpen ? 'connecting' : state,
        channel: isOpen ? (link?.channel ?? null) : null,
        roundTripMs: own?.roundTripMs ?? null,
      };
    });
  }

  // ── window.tabraft ────────────────────────────────────────────────────────────────────────────

  #createApi(): Tabraft {
    const operations = createOperations({
      config: this.config,
      // Before its first report it has not started.
      node: () => (this.#session?.snapshot ? (this.#runningSession()?.node ?? null) : null),
      operations: () => (this.#session?.snapshot ? (this.#runningSession()?.operations ?? null) : null),
      snapshot: () => this.#session?.snapshot ?? null,
      rules: () => this.#session?.rules() ?? [],
      setRules: async (rules) => this.#anySession().setRules(rules),
      links: () => this.#freshLinks(),
      clearRules: async (ids) => this.#anySession().clearRules(ids),
    });
    return {
      ...operations,
      ready: (timeoutMs) => this.#ready(timeoutMs ?? DEFAULT_READY_TIMEOUT_MS),
      status: () => this.#freshStatus(),
      node: {
        pause: (name) => this.#actOn('pause', name),
        resume: (name) => this.#actOn('resume', name),
        restart: (name) => this.#actOn('restart', name),
        crash: (name) => this.#actOn('crash', name),
        campaign: (name) => this.#actOn('campaign', name),
        wipe: (name) => this.#actOn('wipe', name),
      },
      trace: createTrace({
        node: () => this.#running().node,
        self: () => this.#session?.snapshot?.memberId ?? '',
        lastBefore: (memberId, time) => this.#session?.live.lastBefore(memberId, time) ?? 0,
        others: () => {
          const { memberId = '', members = [] } = this.#session?.snapshot ?? {};
          return members.filter(({ id }) => id !== memberId);
        },
        call: async (...call) => this.#session?.call(...call) ?? NOTHING_SENT,
        onWarning: (text) => this.#notify({ level: 'warning', text }),
      }),
      tests: {
        list: () => this.#tests.api.list(),
        run: (name, options) => this.#tests.api.run(name, options),
        cancel: () => this.#tests.api.cancel(),
        history: () => this.#tests.api.history(),
      },
    };
  }

  #createClusterPort(): ClusterPort {
    return createClusterPort({
      api: this.api,
      status: () => this.#freshStatus(),
      members: () => this.#session?.snapshot?.members ?? [],
      ownName: () => this.#session?.snapshot?.name ?? null,
      call: async (...call) => this.#session?.call(...call) ?? NOTHING_SENT,
      setRules: async (rules) => this.#anySession().setRules(rules),
      clearRules: async (ids) => this.#anySession().clearRules(ids),
      links: () => this.#freshLinks(),
    });
  }

  #createTests(port: ClusterPort): Tests {
    return new Tests({
      port,
      ruleIds: () => this.#ruleIds(),
      testers: () => this.#testers(),
      lessonUnderWay: () => this.#lessons.underWay,
      onChange: () => this.#changed(),
      onUnderWay: () => this.#session?.tell(),
    });
  }

  #createLessons(port: ClusterPort): Lessons {
    return new Lessons({
      stage: {
        port,
        view: () => this.view,
        subscribe: (listener) => this.subscribe(listener),
        transferLeadership: (name) => this.api.raft.transferLeadership(name),
        limits: this.config.limits,
        replaceVoterMs: this.config.timing.replaceVoterMs,
      },
      view: () => this.#buildView(),
      ruleIds: () => this.#ruleIds(),
      testers: () => this.#testers(),
      onChange: () => this.#changed(),
      onUnderWay: () => {
        this.#look();
        this.#session?.tell();
      },
    });
  }

  lesson(act: LessonAct): void {
    this.#lessons.act(act);
  }

  #ruleIds(): string[] {
    return (this.#session?.rules() ?? []).map(({ id }) => id);
  }

  /** The names of other members whose tabs run a test or a lesson. */
  #testers(): string[] {
    const testing = this.#session?.testers() ?? [];
    const members = this.#session?.snapshot?.members ?? [];
    return members.filter(({ id }) => testing.includes(id)).map(({ name }) => name);
  }

  #healAfterTest(): void {
    for (const healing of [this.#tests.heal(), this.#lessons.heal()])
      healing.catch((error: unknown) => this.#notify({ level: 'error', text: String(error) }));
  }

  /** Also one whose node is crashed or stopped: rules are the page's. */
  #anySession(): Session {
    if (this.#session === null) throw new Error('This tab runs no node at the moment.');
    return this.#session;
  }

  async #actOn(action: NodeAction, name: string | undefined): Promise<void> {
    const snapshot = this.#session?.snapshot ?? null;
    if (name === undefined || name === snapshot?.name) {
      await this.#act(action);
      return;
    }
    const members = snapshot?.members ?? [];
    const stranger = strangerAmong(
      [name],
      members.map((member) => member.name),
    );
    if (stranger !== null) throw new TypeError(stranger);
    for (const member of members.filter((candidate) => candidate.name === name))
      await this.#session?.act(member, action);
  }

  /** To this tab's own node. */
  async #act(action: NodeAction): Promise<void> {
    switch (action) {
      case 'pause':
        await this.#running().node.pause();
        return;
      case 'resume':
        await this.#running().node.resume();
        return;
      case 'crash': {
        const session = this.#running();
        // What it has counted is told once more: of a hidden page's node it may not be known yet.
        await session.refresh();
        session.crash();
        return;
      }
      case 'restart':
        return this.#restart(false);
      case 'wipe':
        return this.#restart(true);
      case 'campaign': {
        const result = await this.#running().node.campaign();
        if (result.outcome !== 'ok') throw new Error(result.reason);
      }
    }
  }

  #running(): Session {
    const session = this.#runningSession();
    if (session === null) throw new Error('This tab runs no node at the moment.');
    return session;
  }

  #runningSession(): Session | null {
    return this.#session?.stoppedReason === null ? this.#session : null;
  }

  async #freshStatus(): Promise<Status> {
    await this.#session?.refresh();
    return this.#status();
  }

  async #freshLinks(): Promise<LinkCounters[]> {
    await Promise.all([this.#session?.refresh(), this.#session?.refreshOthers()]);
    return this.#session?.links() ?? [];
  }

  /** Joined, promoted if there is room for another voter, a leader known, and links settled. */
  async #ready(timeoutMs: number): Promise<Status> {
    const deadline = performance.now() + timeoutMs;
    return new Promise((resolve, reject) => {
      const check = (): void => {
        // Not the one that is shown, which may still be of the session before.
        const view = this.#buildView();
        if (this.#isReady(view)) {
          finish();
          resolve(this.#freshStatus());
        } else if (performance.now() >= deadline) {
          finish();
          reject(
            new Error(
              `Not ready within ${timeoutMs} ms: ${view.phaseDetail ?? `this node is ${view.phase}`}.`,
            ),
          );
        }
      };
      const timer = setInterval(check, 50);
      const finish = (): void => {
        clearInterval(timer);
        this.#awaiting.delete(check);
      };
      this.#awaiting.add(check);
      check();
    });
  }

  #isReady({ phase, status, targetVoters }: PageView): boolean {
    if (phase !== 'ready' && phase !== 'alone') return false;
    const voters = status.members.filter((member) => member.kind === 'voter').length;
    if (status.role === 'learner' && voters < targetVoters) return false;
    const isSettling = status.peers.some((peer) => peer.state === 'connecting');
    return !isSettling || performance.now() - this.#sessionStartedAt > LINK_GRACE_MS;
  }
}

/** What the page says about the node, worst first (see `Phase`). */
function phaseOf(
  status: Status,
  snapshot: NodeSnapshot | null,
  hasCrashed: boolean,
): { phase: Phase; detail: string | null } {
  if (hasCrashed) return { phase: 'crashed', detail: status.stoppedReason };
  if (snapshot?.removed === true) return { phase: 'removed', detail: status.stoppedReason };
  if (status.stoppedReason !== null) return { phase: 'stopped', detail: status.stoppedReason };
  if (snapshot === null) return { phase: 'starting', detail: 'Opening this tab’s storage' };
  if (status.role === 'joining') {
    const isConnected = status.peers.some((peer) => peer.state === 'connected');
    const detail = isConnected
      ? 'Waiting for the leader to add this tab'
      : 'Looking for another tab of this cluster; at least one must be open';
    return { phase: 'joining', detail };
  }
  if (!snapshot.hasQuorum) {
    const { length } = status.members.filter((member) => member.kind === 'voter' && !member.reachable);
    const detail = length === 0 ? 'No leader is known' : `${length} of the voters cannot be reached`;
    return { phase: 'no-quorum', detail };
  }
  return { phase: status.members.length === 1 ? 'alone' : 'ready', detail: null };
}
