/**
 * Small words for building elements. Text goes in as text nodes only: there is no way here to turn
 * a user's name into HTML.
 */

type Attributes = Readonly<Record<string, string>>;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function button(
  attributes: Attributes,
  label: string,
  onClick: (event: MouseEvent) => void,
): HTMLButtonElement {
  const node = element("button", { type: "button", ...attributes }, label);
  node.addEventListener("click", onClick);
  return node;
}

/** Set text only when it changed: an untouched node costs the page no layout. */
export function setText(node: HTMLElement, text: string, title?: string): void {
  if (node.textContent !== text) node.textContent = text;
  if (title !== undefined && node.title !== title) node.title = title;
}

/** So many last letters of a long name are always seen: names that differ often differ there. */
const TAIL = 6;
const TAIL_BEFORE_MORE = 4;
const TAIL_OF_NESTED = 9;
const LEAST_FRONT = 4;

/**
 * A user's name where room is short, cut before its end; whole in its tooltip and for screen
 * readers. `more` is said after it and never cut.
 */
export function setName(node: HTMLElement, name: string, more = "", title = name + more): void {
  if (node.title !== title) node.title = title;
  const text = name + more;
  if (node.dataset.name === text) return;
  node.dataset.name = text;
  if (node instanceof HTMLButtonElement) node.setAttribute("aria-label", text);
  const [front, tail] = splitName(name, more);
  node.classList.add("nbs-cut");
  node.replaceChildren(element("span", {}, front));
  if (tail !== "") node.append(element("span", {}, tail));
}

/** What of a name gives way, and what is always seen, `more` at its end. A name of few letters gives way to nothing. */
export function splitName(name: string, more = ""): readonly [front: string, tail: string] {
  const letters = Array.from(name);
  const kept = name.includes(".") ? TAIL_OF_NESTED : more === "" ? TAIL : TAIL_BEFORE_MORE;
  if (letters.length < LEAST_FRONT) return [name + more, ""];
  const tail = letters.length > kept + LEAST_FRONT ? letters.splice(-kept).join("") : "";
  return [letters.join(""), tail + more];
}

/**
 * A name in a table: one that has room there is one text, which is copied as one; a longer one is cut as by `setName`,
 * whose parts the clipboard gets as two lines.
 */
export function setNameInCell(node: HTMLElement, name: string, title = name): void {
  if (!fitsCell(name)) {
    setName(node, name, "", title);
    return;
  }
  node.classList.remove("nbs-cut");
  delete node.dataset.name;
  setText(node, name, title);
}

/** The longest name that nbsweep gives a run. */
const LETTERS_IN_CELL = 22;

export function fitsCell(name: string): boolean {
  return Array.from(name).length <= LETTERS_IN_CELL;
}

export function setAttribute(node: HTMLElement, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

export function show(node: HTMLElement, shown: boolean): void {
  if (node.hidden === shown) node.hidden = !shown;
}

/**
 * Presses of buttons within `host` that say of themselves that they cannot be pressed now come to nothing. A key that is
 * held presses once: the focus may have moved on to another button.
 */
export function ignorePending(host: HTMLElement): void {
  host.addEventListener("keydown", (event) => {
    if (event.repeat && event.key === "Enter") event.preventDefault();
  });
  host.addEventListener(
    "click",
    (event) => {
      const pressed = event.target instanceof Element ? event.target.closest("button") : null;
      if (pressed?.getAttribute("aria-disabled") === "true") event.stopPropagation();
    },
    { capture: true },
  );
}

/** Where what had the focus within `host` has been hidden, the next button there gets it, else the one before. */
export function handOnFocus(host: HTMLElement, focused: Element | null): void {
  if (!focused || !host.contains(focused) || focused.checkVisibility()) return;
  const others = [...host.querySelectorAll("button")].filter(
    (each) => !each.disabled && each.checkVisibility(),
  );
  const after = others.find(
    (each) => focused.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING,
  );
  (after ?? others.at(-1))?.focus({ preventScroll: true });
}
