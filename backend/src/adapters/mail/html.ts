/** Markup that is already safe to stand in a page. Made by `html` only. */
export interface SafeHtml {
  readonly markup: string;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");

/**
 * A piece of HTML: text put into it is escaped, for element content and for quoted attributes alike; other pieces
 * are taken as they are.
 */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | SafeHtml | readonly SafeHtml[])[]
): SafeHtml {
  let markup = strings[0] ?? "";
  for (const [i, value] of values.entries()) {
    if (typeof value === "string") markup += escaped(value);
    else if ("markup" in value) markup += value.markup;
    else markup += value.map((piece) => piece.markup).join("");
    markup += strings[i + 1] ?? "";
  }
  return { markup };
}
