import type { Role } from "../../auth/actor.ts";

const MIB = 1024 ** 2;

/** Up to this size bytes are checked inside the request that registers them. Pictures always are. */
export const checkedAtOnceBytes = 16 * MIB;

/** Everything that differs between the kinds of files. A new kind is one entry here. */
export interface Target {
  /** First part of the storage key where the client names none. */
  readonly prefix: string;
  /** What it hangs on: who owns the bytes, and where it is listed. */
  readonly parent: "organization" | "user";
  /** Largest upload, and the variable by which an operator says otherwise. */
  readonly limit: { readonly bytes: number; readonly variable: string; readonly about: string };
  /** A new one takes the place of the one before. */
  readonly single: boolean;
  /** Always a picture, and served in smaller sizes, too. */
  readonly picture: boolean;
  readonly types: readonly RegExp[];
  readonly upload: Audience;
  readonly read: Audience;
  /** What an upload for somebody else's organization is told, whether there is one or not. */
  readonly foreign: "unknown" | "forbidden";
}

/** Who may, in the organization that owns the file. A file that a person owns is theirs in any case, and `colleagues` may too. */
export interface Audience {
  readonly platformAdmin: boolean;
  readonly roles: readonly Role[];
  readonly colleagues?: true;
}

const images = [/^image\/(png|jpeg|webp|gif|avif)$/];
const documents = [
  /^(image|video|audio|text)\/[a-z0-9.+-]+$/,
  /^application\/(pdf|json|zip|octet-stream|rtf|msword)$/,
  /^application\/vnd\.(ms-(excel|powerpoint)|openxmlformats-officedocument|oasis\.opendocument)[a-z0-9.+-]*$/,
];

const table = {
  avatar: {
    prefix: "avatars",
    parent: "user",
    limit: { bytes: 5 * MIB, variable: "AVATAR_MAX_BYTES", about: "Largest picture of a user" },
    single: true,
    picture: true,
    types: images,
    upload: { platformAdmin: false, roles: [] },
    read: { platformAdmin: true, roles: [], colleagues: true },
    foreign: "unknown",
  },
  orgLogo: {
    prefix: "logos",
    parent: "organization",
    limit: { bytes: 5 * MIB, variable: "LOGO_MAX_BYTES", about: "Largest logo of an organization" },
    single: true,
    picture: true,
    types: images,
    upload: { platformAdmin: true, roles: ["org_admin", "manager"] },
    read: { platformAdmin: true, roles: ["org_admin", "manager", "coach", "client"] },
    foreign: "forbidden",
  },
  organizationFile: {
    prefix: "documents",
    parent: "organization",
    limit: { bytes: 100 * MIB, variable: "DOCUMENT_MAX_BYTES", about: "Largest file of an organization" },
    single: false,
    picture: false,
    types: documents,
    upload: { platformAdmin: false, roles: ["org_admin", "manager"] },
    read: { platformAdmin: false, roles: ["org_admin", "manager", "coach", "client"] },
    foreign: "unknown",
  },
} as const satisfies Record<string, Target>;

export type TargetName = keyof typeof table;
/** Variable that sets a limit. */
export type LimitVariable = (typeof table)[TargetName]["limit"]["variable"];

export const targets: Readonly<
  Record<TargetName, Target & { readonly limit: { readonly variable: LimitVariable } }>
> = table;
export const targetNames = Object.keys(table) as [TargetName, ...TargetName[]];

/** Shown by a browser in place, by sniffed type only; everything else is a download. */
const inlineTypes: ReadonlySet<string> = new Set([
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "image/avif",
  "video/mp4",
  "video/webm",
  "video/quicktime",
]);

export const isInline = (contentType: string): boolean => inlineTypes.has(contentType);

export const accepts = (target: Target, contentType: string): boolean =>
  target.types.some((pattern) => pattern.test(contentType));
