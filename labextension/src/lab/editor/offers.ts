/** What a half-typed body offers at a cursor, and what is put in when it is chosen. */
import { placeAt, type Place } from "./place";
import { keysAt, keysOf, valuesAt, type Offer } from "./schema";
import type { BodyLanguage } from "./sweep-cell";

/** What a body offers at a cursor, and from where the text before it is replaced. */
export function completeBody(
  body: string,
  cursor: number,
  language: BodyLanguage,
): { from: number; place: Place; offers: Offer[]; items: string[] } | null {
  const place = placeAt(body, cursor, language);
  if (!place) return null;
  const { token } = place;
  // A string that is complete, with the cursor behind it, is no place to complete.
  if (token.closed && cursor === token.to && token.to > token.from) return null;
  const from = Math.min(token.quote ? token.from + 1 : token.from, cursor);
  const typed = body.slice(from, cursor).toLowerCase();
  const offers = (
    place.at === "key"
      ? keysAt(place.path, place.siblings)
      : place.inList || place.key === null
        ? []
        : valuesAt(place.path, place.key, place.siblings)
  ).filter(({ name }) => name.toLowerCase().includes(typed));
  return { from, place, offers, items: offers.map((offer) => inserted(offer, place)) };
}

/** What is put in: with the quotes and the colon that are not there yet. */
export function inserted({ name, holds }: Offer, place: Place): string {
  const { style, token } = place;
  const yaml = style === "block" || style === "flow";
  if (place.at === "value") {
    if (token.quote) return token.closed ? name : name + token.quote;
    if (holds === "other" && !yaml) return name.charAt(0).toUpperCase() + name.slice(1);
    return yaml ? name : `"${name}"`;
  }
  if (style === "call") return place.hasColon ? name : `${name}=`;
  const quoted = token.quote
    ? token.closed
      ? name
      : name + token.quote
    : yaml
      ? name
      : `"${name}"`;
  if (place.hasColon || (token.quote && token.closed)) return quoted;
  if (style === "block" && holds === "mapping") return `${quoted}:`;
  return `${quoted}: `;
}

/** What stands beside an offer in the list: a distribution with its keys. */
export function documentation(offer: Offer, place: Place): string {
  if (place.at === "key" || place.key !== "distribution") return offer.about;
  const keys = keysOf(offer.name)?.keys ?? [];
  return [offer.about, ...keys.map(({ name, about }) => `- ${name}: ${about}`)].join("\n");
}
