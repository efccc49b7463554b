/** Which device, browser and app: kept with every recording. */

import { version } from "../../package.json";

/** Version of the app. */
export const APP_VERSION: string = version;

interface UserAgentData {
  getHighEntropyValues(names: string[]): Promise<Record<string, unknown>>;
}

/** Model, system and browser, as far as the browser tells. */
export async function deviceFacts(): Promise<Record<string, unknown>> {
  const facts: Record<string, unknown> = {
    app: "cellstorm",
    app_version: APP_VERSION,
    user_agent: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
  };
  const data = (navigator as unknown as { userAgentData?: UserAgentData }).userAgentData;
  try {
    Object.assign(
      facts,
      await data?.getHighEntropyValues(["model", "platform", "platformVersion", "fullVersionList"]),
    );
  } catch {
    // The browser may keep these to itself.
  }
  return facts;
}
