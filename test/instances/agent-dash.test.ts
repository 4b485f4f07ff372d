/** The agent in dash. */
import { agentIn } from "./agent-in";

agentIn("dash");
