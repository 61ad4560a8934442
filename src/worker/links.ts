import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { after } from '../runtime/clock.ts';
import { BroadcastNetwork } from '../transport/broadcast.ts';
import { DataChannelCarrier } from '../transport/data-channel.ts';
import type { Carrier } from '../transport/link.ts';
import { PortCarrier } from '../transport/port.ts';
import { LinkSession } from '../transport/session.ts';
import type { Stamp } from '../trace/tracer.ts';
import type { LinkCommand, LinkEvent, LinkView } from './contract.ts';

export interface LinkTableHandlers {
  /** `stamp`: null where the sender keeps no trace. */
  onMessage(message: Message, stamp: Stamp | null): void;
  /** The set of members to which a link is open has changed. */
  onLinks(linked: readonly MemberId[]): void;
  onRefused(reason: string): void;
}

/** A page tells its fault rules at once. One that does not is busy, and is not waited for any longer. */
const RULES_TIMEOUT_MS = 1000;
/** What comes meanwhile is kept; of more, as anywhere, some is lost. */
const MAX_WITHHELD = 1000;

type Received = readonly [Message, Stamp | null];

/**
 * The links of this worker by their id, and by the member to which they lead. One is used only once the rules that the
 * other page knows are in force here: a tab that comes back behind a partition would else be heard across it.
 */
export class LinkTable {
  readonly #sessions = new Map<string, LinkSession>();
  /** What has come over links that are not used yet. */
  readonly #withheld = new Map<string, Received[]>();
  readonly #byMember = new Map<MemberId, string>();
  #local: BroadcastNetwork | null = null;

  constructor(
    private readonly clusterId: string,
    private readonly self: MemberId,
    private readonly port: MessagePort,
    private readonly handlers: LinkTableHandlers,
  ) {
    port.onmessage = ({ data }: MessageEvent<LinkCommand>) => this.#onCommand(data);
  }

  send(message: Message, stamp: Stamp | null): boolean {
    const link = this.#byMember.get(message.to);
    return link !== undefined && this.#sessions.get(link)?.send(message, stamp) === true;
  }

  /** To how many members there is one. */
  get openCount(): number {
    return this.#byMember.size;
  }

  views(roundTripMs: (member: MemberId) => number | null): LinkView[] {
    return [...this.#sessions].map(([link, { member }]) => ({
      link,
      memberId: this.#withheld.has(link) ? null : member,
      roundTripMs: member === null ? null : roundTripMs(member),
    }));
  }

  close(): void {
    this.port.onmessage = null;
    for (const session of this.#sessions.values()) session.close();
    this.#local?.close();
  }

  #onCommand(command: LinkCommand): void {
    switch (command.type) {
      case 'add': {
        const { carrier } = command;
        const isPort = carrier instanceof MessagePort;
        this.#open(command.link, isPort ? new PortCarrier(carrier) : new DataChannelCarrier(carrier));
        return;
      }
      case 'add-local':
        this.#local ??= new BroadcastNetwork(`tabraft/${this.clusterId}/frames`);
        this.#open(command.link, this.#local.connect(command.link, command.self, command.page));
        return;
      case 'use':
        this.#use(command.link);
        return;
      case 'remove':
        this.#sessions.get(command.link)?.close();
        return;
    }
  }

  #open(link: string, carrier: Carrier): void {
    const { clusterId, self } = this;
    this.#withheld.set(link, []);
    const session: LinkSession = new LinkSession(
      carrier,
      { clusterId, self, after },
      {
        onOpen: (member) => {
          if (this.#withheld.has(link)) after(RULES_TIMEOUT_MS, () => this.#use(link));
          else this.#onOpen(link, member);
        },
        onMessage: (message, stamp) => this.#onMessage(link, message, stamp),
        onRefused: (reason) => this.handlers.onRefused(reason),
        onClose: () => this.#onClosed(link, session),
      },
    );
    this.#sessions.set(link, session);
    this.#tell(link, 'taken');
  }

  #use(link: string): void {
    const withheld = this.#withheld.get(link);
    if (withheld === undefined) return;
    this.#withheld.delete(link);
    const member = this.#sessions.get(link)?.member ?? null;
    if (member !== null) this.#onOpen(link, member);
    for (const [message, stamp] of withheld) this.handlers.onMessage(message, stamp);
  }

  #onOpen(link: string, member: MemberId): void {
    // The newest link to a member carries its messages; an older one is about to end.
    this.#byMember.set(member, link);
    this.#changed();
  }

  #onMessage(link: string, message: Message, stamp: Stamp | null): void {
    const withheld = this.#withheld.get(link);
    if (withheld === undefined) this.handlers.onMessage(message, stamp);
    else if (withheld.length < MAX_WITHHELD) withheld.push([message, stamp]);
  }

  #onClosed(link: string, { member }: LinkSession): void {
    this.#sessions.delete(link);
    this.#withheld.delete(link);
    this.#tell(link, 'closed');
    if (member === null || this.#byMember.get(member) !== link) return;
    this.#byMember.delete(member);
    for (const [other, session] of this.#sessions) {
      if (session.member !== member) continue;
      this.#use(other); // the rules of its page have come by the link that was in use
      this.#byMember.set(member, other);
    }
    this.#changed();
  }

  #tell(link: string, type: LinkEvent['type']): void {
    const event: LinkEvent = { type, link };
    this.port.postMessage(event);
  }

  #changed(): void {
    this.handlers.onLinks([...this.#byMember.keys()]);
  }
}
