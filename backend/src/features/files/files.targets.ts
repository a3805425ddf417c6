import type { Role } from "../../auth/actor.ts";

export const targetNames = ["avatar", "orgLogo", "organizationFile"] as const;
export type TargetName = (typeof targetNames)[number];

/** Everything that differs between the kinds of files. A new kind is one entry here. */
export interface Target {
  /** First part of the storage key where the client names none. */
  readonly prefix: string;
  /** The tenant that owns the bytes, or the uploader. */
  readonly owner: "organization" | "user";
  /** A new one takes the place of the one before. */
  readonly single: boolean;
  readonly types: readonly RegExp[];
  readonly upload: Audience;
  readonly read: Audience;
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

export const targets: Readonly<Record<TargetName, Target>> = {
  avatar: {
    prefix: "avatars",
    owner: "user",
    single: true,
    types: images,
    upload: { platformAdmin: false, roles: [] },
    read: { platformAdmin: true, roles: [], colleagues: true },
  },
  orgLogo: {
    prefix: "logos",
    owner: "organization",
    single: true,
    types: images,
    upload: { platformAdmin: true, roles: ["org_admin", "manager"] },
    read: { platformAdmin: true, roles: ["org_admin", "manager", "coach", "client"] },
  },
  organizationFile: {
    prefix: "documents",
    owner: "organization",
    single: false,
    types: documents,
    upload: { platformAdmin: false, roles: ["org_admin", "manager"] },
    read: { platformAdmin: false, roles: ["org_admin", "manager", "coach", "client"] },
  },
};

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
