import { LitElement } from "lit";
import type { Store } from "../state/store.ts";

/**
 * An element that draws into the page itself: one style sheet for all, and labels, terminals and charts find their parts.
 * What it shows lives in stores, so it is drawn again when one of them changes.
 */
export abstract class LightElement extends LitElement {
  private readonly watched: ((listener: () => void) => () => void)[];
  private stops: (() => void)[];

  constructor() {
    super();
    this.watched = [];
    this.stops = [];
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  protected watch<T>(store: Store<T>): Store<T> {
    this.watched.push((listener) => store.subscribe(listener));
    return store;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.stops = this.watched.map((subscribe) => subscribe(() => this.requestUpdate()));
  }

  override disconnectedCallback(): void {
    for (const stop of this.stops.splice(0)) stop();
    super.disconnectedCallback();
  }
}
