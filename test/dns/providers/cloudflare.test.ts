import { describeProvider } from "../../support/provider-suite";
import { cloudflareFake } from "./cloudflare.fake";

describeProvider("Cloudflare", cloudflareFake);
