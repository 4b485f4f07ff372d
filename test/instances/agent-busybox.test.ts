/** The agent in busybox sh. */
import { agentIn } from "./agent-in";

agentIn("busybox sh");
