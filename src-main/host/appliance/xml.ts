// An XML document as a tree of elements with their local names: bounded, without entities of its own and without
// anything from outside. Namespaces are resolved for well-formedness and then left aside, for the versions of OVF differ
// in little else. Reference: XML 1.0, fifth edition; Namespaces in XML 1.0.

import { SaxesParser } from 'saxes';
import { damaged, unsupported } from './appliance-error.ts';

export interface XmlElement {
  /** Without its prefix. */
  readonly name: string;
  /** Likewise. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlElement[];
  /** Directly in it. */
  text: string;
}

const MAX_BYTES = 16 * 1024 * 1024;
const MAX_ELEMENTS = 100_000;
const MAX_DEPTH = 64;

export function parseXml(bytes: Uint8Array, file: string): XmlElement {
  if (bytes.length > MAX_BYTES) throw unsupported(file, 'has a description that is too long.');
  const parser = new SaxesParser({ xmlns: true, position: true });
  const open: XmlElement[] = [];
  let root: XmlElement | undefined;
  let count = 0;
  parser.on('error', (error) => {
    throw damaged(file, `is no well-formed XML: ${error.message}.`);
  });
  parser.on('doctype', () => {
    throw unsupported(file, 'declares a document type; descriptions of machines have none.');
  });
  parser.on('opentag', ({ local, attributes }) => {
    count += 1;
    if (count > MAX_ELEMENTS || open.length >= MAX_DEPTH) throw unsupported(file, 'has a description with too many elements.');
    const element: XmlElement = {
      name: local,
      attributes: new Map(Object.values(attributes).map((one) => [one.local, one.value])),
      children: [],
      text: '',
    };
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const onText = (text: string) => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on('text', onText);
  parser.on('cdata', onText);
  parser.on('closetag', () => void open.pop());
  parser.write(decoded(bytes, file)).close();
  if (root === undefined) throw damaged(file, 'is an empty XML document.');
  return root;
}

/** UTF-8, or UTF-16 where a byte order mark says so. */
function decoded(bytes: Uint8Array, file: string): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw damaged(file, `is no text in ${encoding.toUpperCase()}.`);
  }
}

export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

export function childrenOf(element: XmlElement | undefined, name: string): XmlElement[] {
  return element?.children.filter((one) => one.name === name) ?? [];
}

/** The text of a child, trimmed; empty where there is none. */
export function textIn(element: XmlElement | undefined, name: string): string {
  return childOf(element, name)?.text.trim() ?? '';
}
