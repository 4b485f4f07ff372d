/** All that a provider has to hold against the fake of its API: the test of a provider is a call of this. */
import { describeZoneFinding, describeZoneWrites } from "./provider-contract";
import { describeProviderFaults, type FakeProvider } from "./provider-faults";

export function describeProvider(title: string, setUp: () => FakeProvider): void {
  describeZoneFinding(title, setUp);
  describeZoneWrites(title, setUp);
  describeProviderFaults(title, setUp);
}
