import { html, type TemplateResult } from "lit";
import { icon } from "./icons.ts";
import { LightElement } from "./light.ts";

export interface DroppedFiles {
  readonly files: readonly File[];
}

let counter = 0;

/** A place to drop files on, which is a file input for all who do not drag. Tells of them by a `files` event. */
class GodwitDrop extends LightElement {
  static override properties = {
    label: {},
    says: {},
    accept: {},
    multiple: { type: Boolean },
    compact: { type: Boolean },
    disabled: { type: Boolean },
    isOver: { state: true },
  };
  declare label: string;
  declare says: string;
  declare accept: string;
  declare multiple: boolean;
  declare compact: boolean;
  declare disabled: boolean;
  declare isOver: boolean;
  private readonly inputId = `files-${++counter}`;

  constructor() {
    super();
    this.label = "";
    this.says = "";
    this.accept = "";
    this.multiple = false;
    this.compact = false;
    this.disabled = false;
    this.isOver = false;
  }

  private tell(list: FileList | null | undefined): void {
    const files = [...(list ?? [])];
    if (files.length > 0 && !this.disabled) {
      this.dispatchEvent(new CustomEvent<DroppedFiles>("files", { detail: { files } }));
    }
  }

  private drag(event: DragEvent, isOver: boolean): void {
    event.preventDefault();
    this.isOver = isOver && !this.disabled;
  }

  private changed(event: Event): void {
    const input = event.target;
    if (!(input instanceof HTMLInputElement)) return;
    this.tell(input.files);
    // So that the same file can be chosen again after it was mended.
    input.value = "";
  }

  protected override render(): TemplateResult {
    const shape = `${this.compact ? "compact" : ""} ${this.isOver ? "over" : ""}`;
    return html`<label
      class="drop ${shape}"
      for=${this.inputId}
      @dragover=${(event: DragEvent) => this.drag(event, true)}
      @dragleave=${(event: DragEvent) => this.drag(event, false)}
      @drop=${(event: DragEvent) => {
        this.drag(event, false);
        this.tell(event.dataTransfer?.files);
      }}
    >
      ${icon("file")}<span><strong>${this.label}</strong><span class="muted small">${this.says}</span></span>
      <input
        class="visually-hidden"
        type="file"
        id=${this.inputId}
        accept=${this.accept}
        ?multiple=${this.multiple}
        ?disabled=${this.disabled}
        @change=${this.changed}
      />
    </label>`;
  }
}

customElements.define("godwit-drop", GodwitDrop);
