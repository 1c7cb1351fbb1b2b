// What a serial port wrote, as plain text: lines, with what terminals would act on (colours, cursor moves) left out.
// Not a terminal. Reference: ECMA-48, control functions.

const MAX_CHARACTERS = 100_000;
const ESCAPE = 0x1b;

/** After ESC: CSI to its final byte, OSC to BEL or ST, else one further byte. */
type Mode = 'text' | 'escape' | 'csi' | 'osc' | 'oscEscape' | 'charset';

export class SerialText {
  readonly #decoder = new TextDecoder();
  #done = '';
  #line: string[] = [];
  #column = 0;
  #mode: Mode = 'text';

  get text(): string {
    return this.#done + this.#line.join('');
  }

  write(bytes: Uint8Array): void {
    for (const character of this.#decoder.decode(bytes, { stream: true })) this.#put(character);
    // Whole lines go first, so that what is left begins with one.
    if (this.#done.length > MAX_CHARACTERS)
      this.#done = this.#done.slice(this.#done.indexOf('\n', this.#done.length - MAX_CHARACTERS / 2) + 1);
  }

  #put(character: string): void {
    const code = character.codePointAt(0) ?? 0;
    if (this.#mode !== 'text') this.#mode = afterEscape(this.#mode, code);
    else if (code === ESCAPE) this.#mode = 'escape';
    else if (character === '\n') this.#endLine();
    else if (character === '\r') this.#column = 0;
    else if (character === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (character === '\t') this.#tab();
    else if (code >= 0x20 && code !== 0x7f) this.#print(character);
  }

  #print(character: string): void {
    while (this.#line.length < this.#column) this.#line.push(' ');
    this.#line[this.#column] = character;
    this.#column += 1;
    // A guest that never ends its line must not fill the memory.
    if (this.#line.length >= MAX_CHARACTERS / 2) this.#endLine();
  }

  #tab(): void {
    do this.#print(' ');
    while (this.#column % 8 !== 0);
  }

  #endLine(): void {
    this.#done += `${this.#line.join('')}\n`;
    this.#line = [];
    this.#column = 0;
  }
}

function afterEscape(mode: Mode, code: number): Mode {
  switch (mode) {
    case 'escape':
      if (code === 0x5b) return 'csi';
      if (code === 0x5d) return 'osc';
      return code >= 0x28 && code <= 0x2f ? 'charset' : 'text';
    case 'csi':
      return code >= 0x40 && code <= 0x7e ? 'text' : 'csi';
    case 'osc':
      if (code === ESCAPE) return 'oscEscape';
      return code === 0x07 ? 'text' : 'osc';
    default:
      return 'text';
  }
}
