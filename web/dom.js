/**
 * Builds elements. Every value becomes text or a plain attribute; nothing is ever read as markup.
 *
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | undefined | ((event: Event) => void)>} Properties
 */

/** Letters that are not seen, or that turn the order of the others around: shown as their number instead. */
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/**
 * A value of somebody else's as it may be shown: what cannot be seen is made visible.
 * @param {string} text
 */
export function shown(text) {
  return text.replace(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * An element with attributes, listeners (`onclick: function`) and children.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Properties} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (typeof value === 'function') element.addEventListener(key.slice('on'.length), value);
    else if (value === true) element.setAttribute(key, '');
    else if (value !== false && value !== undefined) element.setAttribute(key, String(value));
  }
  fill(element, ...children);
  return element;
}

/**
 * Puts these children in place of those that are there.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren(
    ...children
      .flat()
      .filter((child) => child !== null && child !== undefined && child !== false)
      .map((child) => (child instanceof Node ? child : document.createTextNode(shown(String(child))))),
  );
}

/**
 * Somebody else's value, kept apart from the direction of the text around it.
 * @param {string} text
 */
export function value(text) {
  return el('bdi', {}, text);
}

/**
 * A link to another site, if it is an https address; else only its text.
 * @param {string} address
 */
export function outsideLink(address) {
  const isLink = URL.canParse(address) && new URL(address).protocol === 'https:';
  return isLink
    ? el('a', { href: address, rel: 'noopener noreferrer', target: '_blank' }, address)
    : value(address);
}

/**
 * A list of names and what they say.
 * @param {Array<[string, Child | Child[]] | false | undefined>} rows
 * @param {Properties} [properties]
 */
export function facts(rows, properties = {}) {
  return el(
    'dl',
    { class: 'facts', ...properties },
    rows
      .filter((row) => row !== false && row !== undefined)
      .map(([name, content]) => el('div', {}, el('dt', {}, name), el('dd', {}, ...[content].flat()))),
  );
}

/**
 * The element of an id that the page itself holds.
 * @param {string} id
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}
