/**
 * Azure IoT Hub. Sources: "Use MQTT to communicate with Azure IoT Hub", "Control access to IoT Hub using SAS tokens",
 * "IoT Hub quotas and throttling", "Understand the identity registry". Grades: docs/clouds.md.
 */
import { type Failure, failure } from "../failure.ts";
import type { ConnectFields } from "../mqtt/types.ts";
import { type Cloud, refuseConnect } from "./cloud.ts";

export interface AzureDevice {
  /** `contoso`, or the whole name where it does not end in `.azure-devices.net`. */
  hub: string;
  device: string;
  /** For a module identity. */
  module?: string | undefined;
  /** DTDL model of a Plug and Play device, `dtmi:...;1`. */
  model?: string | undefined;
  /** SAS token, made elsewhere: `SharedAccessSignature sr=...&sig=...&se=...`. Without one: client certificate. */
  token?: string | undefined;
}

const API_VERSION = "2021-04-12";
const MAX_ID = 128;
const TOKEN_START = "SharedAccessSignature ";

/** What the topics of a device or module begin with. */
export const azureRoot = (about: AzureDevice): string =>
  `devices/${about.device}/${about.module ? `modules/${about.module}/` : ""}`;

export const azureCloud = (about: AzureDevice): Cloud => {
  const host = about.hub.split(".").length > 1 ? about.hub : `${about.hub}.azure-devices.net`;
  const identity = about.module ? `${about.device}/${about.module}` : about.device;
  const root = azureRoot(about);
  const events = `${root}messages/events/`;
  return {
    host,
    port: 8883,
    clientId: identity,
    username: `${host}/${identity}/?api-version=${API_VERSION}${about.model ? `&model-id=${encodeURIComponent(about.model)}` : ""}`,
    password: about.token,
    keepalive: 240,
    sni: true,
    minVersion: "1.2",
    alpn: "",
    limits: {
      // The hub closes after 1.5 times the keep alive and never later than 1,767 s: 1,177 is the longest that is kept.
      // The least is this client's own.
      keepaliveMinS: 5,
      keepaliveMaxS: 1177,
      maxQos: 1,
      maxPayload: 262144,
      maxTopic: 0,
      maxSlashes: 0,
      maxFilters: 5,
      maxSubscriptions: 5,
      maxInflight: 0,
      retained: false,
      mqtt5: false,
    },
    topics: [
      events,
      "$iothub/twin/GET/?$rid=",
      "$iothub/twin/PATCH/properties/reported/?$rid=",
      "$iothub/methods/res/",
    ],
    filters: [
      about.module ? `${root}#` : `${root}messages/devicebound/#`,
      "$iothub/twin/res/#",
      "$iothub/twin/PATCH/properties/desired/#",
      "$iothub/methods/POST/#",
    ],
    reserved: [],
    exempt: "",
    will: events,
  };
};

/** The value of `name` in a SAS token, as it stands there; "" when there is none. */
const fieldOf = (token: string, name: string): string => {
  const start = `${name}=`;
  const found = token
    .slice(TOKEN_START.length)
    .split("&")
    .find((part) => part.startsWith(start));
  return found ? found.slice(start.length) : "";
};

/** When a SAS token ends, in seconds since 1970; 0 when it does not say so. */
export const tokenExpiryS = (token: string): number =>
  token.startsWith(TOKEN_START) ? parseInt(fieldOf(token, "se"), 10) || 0 : 0;

const isId = (id: string): boolean => id.length <= MAX_ID && /^[A-Za-z0-9\-.%_*?!(),:=@$']+$/.test(id);

/**
 * As `refuseConnect`, with what only Azure asks for. `nowS`: seconds since 1970, from a clock that was proved; a token
 * that ends is looked at again before every connection.
 */
export const refuseAzure = (cloud: Cloud, fields: ConnectFields, nowS: number): Failure | undefined => {
  const ids = cloud.clientId.split("/");
  if (ids.length > 2 || !ids.every(isId)) return failure("CLOUD_CLIENT_ID", cloud.clientId);
  const token = cloud.password;
  if (token !== undefined) {
    const expiryS = tokenExpiryS(token);
    // What it is for: this hub at least. The token itself never goes into a cause.
    const scope = fieldOf(token, "sr").toLowerCase();
    if (!fieldOf(token, "sig") || !scope.startsWith(cloud.host.toLowerCase())) return failure("CLOUD_TOKEN", "form");
    if (!(expiryS > nowS)) return failure("CLOUD_TOKEN", expiryS);
  }
  return refuseConnect(cloud, fields, true);
};
