/**
 * Text to a tree of XML elements, from a sender that nobody knows.
 *
 * A document type is refused whatever it holds, so that there are no entities but XML's own five: none is fetched, none
 * is multiplied. Well-formedness and namespaces are the parser's; depth and number of elements are bounded here, bytes
 * by the caller.
 */
import { quoted, Rejected } from '#contracts';
import { SaxesParser, type SaxesAttributeNS } from 'saxes';

export interface XmlElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: readonly SaxesAttributeNS[];
  readonly children: readonly XmlElement[];
  /** All text directly in it; references and CDATA resolved. */
  readonly text: string;
}

interface Open {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: readonly SaxesAttributeNS[];
  readonly children: XmlElement[];
  text: string;
}

/** CAP needs 4 levels and signatures 8. */
const depthMax = 32;
/** A warning for every ward of a country fits in; each element is worth some µs of judging. */
const elementsMax = 20_000;

/** The root element. Of elements in `skipped` namespaces only that they are there is kept. */
export function treeOf(text: string, skipped: ReadonlySet<string>): XmlElement | Rejected {
  const open: Open[] = [];
  let root: XmlElement | null = null;
  let elements = 0;
  const place = (): string => (open.length === 0 ? 'message' : open.map(({ name }) => quoted(name)).join('.'));
  const refuse = (expected: string): never => {
    throw new Rejected('undecodable', `${place()}: ${expected}, at line ${parser.line}, column ${parser.column}`);
  };
  // XML 1.1 allows control characters that 1.0 does not; CAP is 1.0.
  const parser = new SaxesParser({ xmlns: true, position: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
  const isSkipped = (): boolean => open.some(({ namespace }) => skipped.has(namespace));

  parser.on('error', (error) => refuse(`expected well-formed XML, found: ${error.message.replace(/^[\d:]+\s*/, '').slice(0, 200)}`));
  parser.on('xmldecl', ({ version }) => (version === '1.0' ? undefined : refuse('expected XML 1.0')));
  parser.on('doctype', () => refuse('expected no document type (DOCTYPE): entities are not taken'));
  parser.on('opentag', ({ local, uri, attributes }) => {
    elements += 1;
    if (elements > elementsMax) refuse(`expected at most ${elementsMax} elements`);
    if (open.length === depthMax) refuse(`expected at most ${depthMax} levels of elements`);
    open.push({ name: local, namespace: uri, attributes: Object.values(attributes), children: [], text: '' });
  });
  const addText = (piece: string): void => {
    const element = open.at(-1);
    if (element !== undefined && !isSkipped()) element.text += piece;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const inSkipped = open.slice(0, -1).some(({ namespace }) => skipped.has(namespace));
    const element = open.pop()!;
    if (open.length === 0) root = element;
    else if (!inSkipped) open.at(-1)!.children.push(element);
  });
  try {
    parser.write(text).close();
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
  return root ?? new Rejected('undecodable', 'message: expected an element, found none');
}
