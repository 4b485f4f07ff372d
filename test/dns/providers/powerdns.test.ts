import { describeProvider } from "../../support/provider-suite";
import { powerdnsFake } from "./powerdns.fake";

describeProvider("PowerDNS with single values", powerdnsFake);
describeProvider("PowerDNS with whole sets", () => powerdnsFake({ old: true }));
