/**
 * Passkeys, between the API's JSON and the browser's own objects. Newer browsers can turn one into the other themselves
 * (`parseCreationOptionsFromJSON`); this does it for all of them.
 */
type Json = Record<string, unknown>;

export const passkeysHere = (): boolean => typeof window !== "undefined" && "PublicKeyCredential" in window && "credentials" in navigator;

export function fromBase64(text: string): ArrayBuffer {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
}

export function toBase64(bytes: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const descriptors = (list: unknown): PublicKeyCredentialDescriptor[] =>
  Array.isArray(list) ? list.map((each: Json) => ({ ...each, id: fromBase64(String(each["id"])) }) as PublicKeyCredentialDescriptor) : [];

export function creationOptions(options: Json): PublicKeyCredentialCreationOptions {
  const user = options["user"] as Json;
  return {
    ...(options as unknown as PublicKeyCredentialCreationOptions),
    challenge: fromBase64(String(options["challenge"])),
    user: { ...(user as unknown as PublicKeyCredentialUserEntity), id: fromBase64(String(user["id"])) },
    excludeCredentials: descriptors(options["excludeCredentials"]),
  };
}

export function requestOptions(options: Json): PublicKeyCredentialRequestOptions {
  return { ...(options as unknown as PublicKeyCredentialRequestOptions), challenge: fromBase64(String(options["challenge"])), allowCredentials: descriptors(options["allowCredentials"]) };
}

function common(credential: PublicKeyCredential): Json {
  return { id: credential.id, rawId: toBase64(credential.rawId), type: credential.type, clientExtensionResults: {} };
}

/** The person closed the browser's dialog, or has no passkey that fits. */
export class PasskeyDeclined extends Error {}

async function asked<T>(ask: () => Promise<T | null>): Promise<T> {
  try {
    const answer = await ask();
    if (answer !== null) return answer;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "InvalidStateError") throw new PasskeyDeclined("This device has a passkey for this account already.");
    if (!(cause instanceof DOMException)) throw cause;
  }
  throw new PasskeyDeclined("No passkey was given. Try again, or choose another way.");
}

export async function createPasskey(options: Json): Promise<Json> {
  const credential = (await asked(() => navigator.credentials.create({ publicKey: creationOptions(options) }))) as PublicKeyCredential;
  const response = credential.response as AuthenticatorAttestationResponse;
  return { ...common(credential), response: { attestationObject: toBase64(response.attestationObject), clientDataJSON: toBase64(response.clientDataJSON) } };
}

export async function takePasskey(options: Json): Promise<Json> {
  const credential = (await asked(() => navigator.credentials.get({ publicKey: requestOptions(options) }))) as PublicKeyCredential;
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    ...common(credential),
    response: {
      authenticatorData: toBase64(response.authenticatorData),
      clientDataJSON: toBase64(response.clientDataJSON),
      signature: toBase64(response.signature),
      userHandle: response.userHandle ? toBase64(response.userHandle) : null,
    },
  };
}
