import { AppError } from "../../errors.ts";
import { html, type SafeHtml } from "./html.ts";
import { personName } from "./names.ts";
import type { MailMessage } from "./port.ts";

/** What a mail says, apart from how it looks. */
interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly name: string;
  /** Where the button leads (http or https). */
  readonly url: string;
  readonly paragraphs: readonly string[];
  /** What the one button says. */
  readonly button: string;
  /** Small print below the button. */
  readonly closing: string;
}

const FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

function greeting(name: string): string {
  const known = personName(name);
  return known === null ? "Hello," : `Hello ${known},`;
}

/** The link in its normal form: http(s) and nothing that could break out of its line. */
function checkedUrl(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !["https:", "http:"].includes(parsed.protocol))
    throw new AppError("internal", "A mail may only link to http or https.");
  return parsed.href;
}

const paragraph = (text: string): SafeHtml =>
  html`<p style="margin:0 0 16px;font-size:16px;line-height:24px;color:#1f2937">${text}</p>`;

/** One letter as plain text and as HTML: no image, no style sheet, nothing fetched from anywhere. */
export function layOut(letter: Letter): MailMessage {
  const url = checkedUrl(letter.url);
  const hello = greeting(letter.name);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>${letter.subject}</title>
</head>
<body style="margin:0;padding:0;background:#f3f4f6;${FONT}">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#f3f4f6">
<tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;border:1px solid #e5e7eb;border-radius:8px">
<tr><td style="padding:32px">
<h1 style="margin:0 0 24px;font-size:20px;line-height:28px;color:#111827">${letter.subject}</h1>
${[hello, ...letter.paragraphs].map(paragraph)}
<p style="margin:24px 0"><a href="${url}" style="display:inline-block;padding:12px 24px;background:#1d4ed8;border-radius:6px;font-size:16px;font-weight:600;color:#ffffff;text-decoration:none">${letter.button}</a></p>
<p style="margin:0 0 16px;font-size:14px;line-height:20px;color:#4b5563">If the button does not work, copy this link into your browser:<br><a href="${url}" style="color:#1d4ed8;word-break:break-all">${url}</a></p>
<p style="margin:24px 0 0;padding-top:16px;border-top:1px solid #e5e7eb;font-size:14px;line-height:20px;color:#4b5563">${letter.closing}</p>
</td></tr>
</table>
<p style="margin:16px 0 0;font-size:12px;line-height:16px;color:#4b5563">Coaching App</p>
</td></tr>
</table>
</body>
</html>
`;
  const text = [
    hello,
    ...letter.paragraphs,
    `${letter.button}:\n${url}`,
    letter.closing,
    "-- \nCoaching App\n",
  ].join("\n\n");
  return { to: letter.to, subject: letter.subject, text, html: page.markup };
}
