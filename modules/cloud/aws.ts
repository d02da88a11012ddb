/**
 * AWS IoT Core. Sources: "AWS IoT Core endpoints and quotas" (message broker and protocol limits), AWS IoT developer
 * guide ("MQTT", "Device communication protocols", "Transport security", "Reserved topics"). Grades: docs/clouds.md.
 */
import { type Failure, failure } from "../failure.ts";
import type { ConnectFields } from "../mqtt/types.ts";
import { type Cloud, refuseConnect } from "./cloud.ts";

export interface AwsThing {
  /** What `aws iot describe-endpoint --endpoint-type iot:Data-ATS` says, or a domain of your own. */
  endpoint: string;
  /** Thing name and MQTT client identifier: policies compare the two (`iot:Connection.Thing.ThingName`). */
  thing: string;
  /** 8883, or 443 where the modem can do ALPN. Default 8883. */
  port?: number | undefined;
}

const TLS_PORT = 8883;
const ALPN_PORT = 443;
/** Bytes; the same for a client identifier and a thing name. */
const MAX_NAME = 128;

/** Authentication is by client certificate: there is no user name and no password. */
export const awsCloud = (about: AwsThing): Cloud => {
  const port = about.port || TLS_PORT;
  return {
    host: about.endpoint,
    port,
    clientId: about.thing,
    username: undefined,
    password: undefined,
    keepalive: 240,
    sni: true,
    minVersion: "1.2",
    alpn: port === ALPN_PORT ? "x-amzn-mqtt-ca" : "",
    limits: {
      // 0 and more than 1,200 are taken for 1,200, and the broker closes after 1,800 s of silence; less than 30 for 30.
      keepaliveMinS: 30,
      keepaliveMaxS: 1200,
      maxQos: 1,
      maxPayload: 131072,
      maxTopic: 256,
      maxSlashes: 7,
      maxFilters: 8,
      maxSubscriptions: 50,
      maxInflight: 100,
      retained: true,
      mqtt5: true,
    },
    topics: [],
    filters: [],
    reserved: ["$aws/", "$share/"],
    exempt: "$aws/rules/",
    will: "",
  };
};

/** As `refuseConnect`, with what only AWS asks for. */
export const refuseAws = (cloud: Cloud, fields: ConnectFields, canAlpn: boolean): Failure | undefined => {
  const id = cloud.clientId;
  if (cloud.port !== TLS_PORT && cloud.port !== ALPN_PORT) return failure("CLOUD_HOST", cloud.port);
  // Letters, digits and these three are what a thing name may have; the broker keeps `$` for itself.
  if (!/^[A-Za-z0-9:_\-]+$/.test(id) || id.length > MAX_NAME) return failure("CLOUD_CLIENT_ID", id);
  return refuseConnect(cloud, fields, canAlpn);
};
